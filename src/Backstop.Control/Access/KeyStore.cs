using System.Security.Cryptography;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Access;

/// <summary>The keys. None is ever deleted: that a server has had keys must not be forgotten, or it would open again.</summary>
public sealed class KeyStore(DurableStore store, TimeProvider clock)
{
    private const int SaltBytes = 16;

    /// <summary>Every key that ever was.</summary>
    public Task<List<KeyRecord>> All() => store.Read(async context =>
        (await context.Keys.OrderBy(k => k.Prefix).ToListAsync()).ConvertAll(row => StoreJson.Read<KeyRecord>(row.Record)));

    /// <summary>The number of the last decision: while it stands still, the keys do too.</summary>
    public Task<long> Revision() => store.Read(context => context.JournalHead.Select(h => h.Sequence).SingleAsync());

    /// <summary>Makes a key.</summary>
    public Task<KeyResult> Create(NewKey wanted, string actor)
    {
        var (text, secret) = NewSecret();
        return Write(async (context, all, now) =>
        {
            if (Live(all, wanted.Name, now).Count > 0)
            {
                return (new KeyResult.Refused($"There is a key '{wanted.Name}' already. Rotate it, revoke it, or choose another name."), null);
            }

            // Otherwise nobody could make the second one.
            if (all.Count == 0 && !wanted.Scopes.Contains(Scope.Admin))
            {
                return (new KeyResult.Refused("The first key must have the scope 'admin': as soon as it exists, only an admin can make others."), null);
            }

            var key = new KeyRecord
            {
                Prefix = ApiKey.PrefixOf(text).ToString(),
                Name = wanted.Name,
                Scopes = wanted.Scopes,
                Aliases = wanted.Aliases,
                CreatedAt = now,
                CreatedBy = actor,
                ExpiresAt = wanted.ExpiresAt,
                Secret = secret,
            };
            await Add(context, key);
            await Note(context, now, new("key_created", actor, $"key {key.Name} was made"), before: null, key);
            return (new KeyResult.Made(key, text), key);
        });
    }

    /// <summary>Puts a new key beside the live one of a name; the old one works on for the overlap.</summary>
    public Task<KeyResult> Rotate(string name, TimeSpan overlap, string actor)
    {
        var (text, secret) = NewSecret();
        return Write(async (context, all, now) =>
        {
            if (Live(all, name, now).Find(k => k.ReplacedBy is null) is not { } old)
            {
                return (new KeyResult.Missing(name), null);
            }

            var end = now + overlap;
            var key = old with
            {
                Prefix = ApiKey.PrefixOf(text).ToString(),
                CreatedAt = now,
                CreatedBy = actor,

                // A key that is made for ninety days is again when it is rotated.
                ExpiresAt = old.ExpiresAt is { } expires ? now + (expires - old.CreatedAt) : null,
                Secret = secret,
            };
            var replaced = old with { ReplacedBy = key.Prefix, ExpiresAt = old.ExpiresAt < end ? old.ExpiresAt : end };
            await Add(context, key);
            await Replace(context, old, replaced);
            await Note(context, now, new("key_replaced", actor, $"key {name} was rotated; the old one works until {replaced.ExpiresAt:u}"), old, replaced);
            await Note(context, now, new("key_created", actor, $"key {name} was rotated"), before: null, key);
            return (new KeyResult.Made(key, text), key);
        });
    }

    /// <summary>Stops every key of a name, or the one of a prefix, now.</summary>
    public Task<KeyResult> Revoke(string nameOrPrefix, string reason, string actor) => Write(async (context, all, now) =>
    {
        var stopped = all.FindAll(k => k.IsLive(now) && (k.Name == nameOrPrefix || k.Prefix == nameOrPrefix));
        if (stopped.Count == 0)
        {
            return (new KeyResult.Missing(nameOrPrefix), null);
        }

        if (!all.Except(stopped).Any(k => k.IsLive(now) && k.Scopes.Contains(Scope.Admin)))
        {
            return (new KeyResult.Refused($"'{nameOrPrefix}' is the last key with the scope 'admin': make another one first, or nobody can make one again."), null);
        }

        foreach (var key in stopped)
        {
            var revoked = key with { RevokedAt = now };
            await Replace(context, key, revoked);
            await Note(context, now, new("key_revoked", actor, reason), key, revoked);
        }

        return (new KeyResult.Changed(stopped[0] with { RevokedAt = now }), stopped[0]);
    });

    // Who decides about keys must see all of them, whoever else is deciding: the journal's head is taken first and held to the end.
    private Task<KeyResult> Write(Func<StoreContext, List<KeyRecord>, DateTimeOffset, Task<(KeyResult Result, KeyRecord? Kept)>> write) =>
        store.Write<KeyResult>(async context =>
        {
            await Journal.Hold(context);
            var all = (await context.Keys.AsNoTracking().ToListAsync()).ConvertAll(row => StoreJson.Read<KeyRecord>(row.Record));
            var (result, kept) = await write(context, all, clock.GetUtcNow());
            return (result, kept is not null);
        });

    private static List<KeyRecord> Live(List<KeyRecord> all, string name, DateTimeOffset now) => all.FindAll(k => k.Name == name && k.IsLive(now));

    private static (string Text, SecretHash Secret) NewSecret()
    {
        var text = ApiKey.From(RandomNumberGenerator.GetBytes(ApiKey.RandomBytes));
        return (text, SecretHash.Of(text, RandomNumberGenerator.GetBytes(SaltBytes)));
    }

    private static async Task Add(StoreContext context, KeyRecord key) =>
        await context.Keys.AddAsync(new() { Prefix = key.Prefix, Record = StoreJson.Write(key) });

    private static Task<int> Replace(StoreContext context, KeyRecord old, KeyRecord key)
    {
        var record = StoreJson.Write(key);
        return context.Keys.Where(k => k.Prefix == old.Prefix).ExecuteUpdateAsync(set => set.SetProperty(k => k.Record, record));
    }

    private static Task<long> Note(StoreContext context, DateTimeOffset now, JournalDraft draft, KeyRecord? before, KeyRecord after) =>
        Journal.Append(context, now, draft, alias: null, generation: null, before is null ? null : JournaledKey.Write(before), JournaledKey.Write(after));
}

/// <summary>What became of a change of keys.</summary>
public abstract record KeyResult
{
    private KeyResult()
    {
    }

    /// <summary>A key was made. Its text is known here and nowhere else, now and never again.</summary>
    public sealed record Made(KeyRecord Key, string Text) : KeyResult;

    /// <summary>A key was changed.</summary>
    public sealed record Changed(KeyRecord Key) : KeyResult;

    /// <summary>No live key has this name.</summary>
    public sealed record Missing(string Name) : KeyResult;

    /// <summary>It may not be done; the text says why and what to do.</summary>
    public sealed record Refused(string Reason) : KeyResult;
}
