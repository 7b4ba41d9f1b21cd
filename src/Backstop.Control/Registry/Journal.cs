using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Backstop.Control.Access;
using Backstop.Control.Store;
using Backstop.Core.Registry;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Registry;

/// <summary>Who did what and why.</summary>
/// <param name="Kind">What was done, such as <c>alias_swapped</c>.</param>
/// <param name="Actor">A person, or the part of the program that decided.</param>
public sealed record JournalDraft(string Kind, string Actor, string Reason);

/// <summary>The append-only record of every decision. Each entry carries the hash of the one before it.</summary>
/// <remarks>
/// hash = SHA-256 of the previous hash, a line feed and the entry's content as canonical JSON (RFC 8785). Changing, moving
/// or removing an entry breaks the chain there; cutting off the end is found because the alias rows are then ahead.
/// </remarks>
public static class Journal
{
    /// <summary>What the first entry follows.</summary>
    internal const string Genesis = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>Waits until no other writer is about to add an entry, and keeps the next ones waiting until the transaction ends.</summary>
    public static Task<int> Hold(StoreContext context) =>
        context.JournalHead.ExecuteUpdateAsync(set => set.SetProperty(h => h.Sequence, h => h.Sequence));

    /// <summary>Adds an entry to the transaction of <paramref name="context"/>.</summary>
    public static async Task<long> Append(
        StoreContext context, DateTimeOffset at, JournalDraft draft, string? alias, long? generation, string? before, string? after)
    {
        // Writing comes before reading: on a database that lets many writers in, the next one waits here until this one is through.
        if (await context.JournalHead.ExecuteUpdateAsync(set => set.SetProperty(h => h.Sequence, h => h.Sequence + 1)) != 1)
        {
            throw new InvalidDataException("The store has lost the head of its journal, so nothing can be decided on it. Restore it from a backup.");
        }

        var head = await context.JournalHead.AsNoTracking().SingleAsync();

        // Clocks are set back and differ between machines; the journal's time never runs backwards, so it can be asked about a time.
        var moment = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(at.ToUnixTimeMilliseconds(), head.At.ToUnixTimeMilliseconds()));
        var row = new JournalRow
        {
            Sequence = head.Sequence,
            At = moment,
            Kind = draft.Kind,
            Actor = draft.Actor,
            Alias = alias,
            Generation = generation,
            Reason = draft.Reason,
            Before = before,
            After = after,
            PreviousHash = head.Hash,
            Hash = "",
        };
        var hash = HashOf(row);
        await context.JournalHead.ExecuteUpdateAsync(set => set.SetProperty(h => h.Hash, hash).SetProperty(h => h.At, moment));
        context.Journal.Add(new()
        {
            Sequence = row.Sequence,
            At = row.At,
            Kind = row.Kind,
            Actor = row.Actor,
            Alias = row.Alias,
            Generation = row.Generation,
            Reason = row.Reason,
            Before = row.Before,
            After = row.After,
            PreviousHash = row.PreviousHash,
            Hash = hash,
        });
        return row.Sequence;
    }

    /// <summary>Reads the whole journal and says what is wrong with it, or null when nothing is.</summary>
    public static async Task<string?> Verify(StoreContext context)
    {
        var (sequence, hash) = (0L, Genesis);
        var latest = new Dictionary<string, JournalRow>(StringComparer.Ordinal);
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var entry in context.Journal.AsNoTracking().OrderBy(e => e.Sequence).AsAsyncEnumerable())
        {
            if (entry.Sequence != sequence + 1)
            {
                return $"Entry {sequence + 1} is missing.";
            }

            if (entry.PreviousHash != hash || entry.Hash != HashOf(entry))
            {
                return $"Entry {entry.Sequence} was changed after it was written.";
            }

            (sequence, hash) = (entry.Sequence, entry.Hash);
            if (entry.Alias is not null)
            {
                latest[entry.Alias] = entry;
            }

            if (JournaledKey.Of(entry) is { } key)
            {
                keys[key.Prefix] = key.RecordDigest;
            }
        }

        foreach (var alias in await context.Aliases.AsNoTracking().ToListAsync())
        {
            if (!latest.TryGetValue(alias.Name, out var entry) || entry.Generation != alias.Generation || entry.After != alias.Record)
            {
                return $"{alias.Name} is not what its last entry says: the row was changed, or the end of the journal is missing.";
            }
        }

        foreach (var key in await context.Keys.AsNoTracking().ToListAsync())
        {
            if (!keys.Remove(key.Prefix, out var digest) || digest != CanonicalJson.Digest(key.Record))
            {
                return $"Key {key.Prefix} is not what its last entry says: it was changed or put there by hand. Revoke it.";
            }
        }

        return keys.Count == 0 ? null : $"Key {keys.Keys.Order(StringComparer.Ordinal).First()} was removed by hand.";
    }

    /// <summary>The hash of an entry whose <see cref="JournalRow.PreviousHash"/> is set.</summary>
    internal static string HashOf(JournalRow entry)
    {
        var content = CanonicalJson.Of(JsonSerializer.Serialize(new
        {
            sequence = entry.Sequence,
            at = entry.At.ToUnixTimeMilliseconds(),
            kind = entry.Kind,
            actor = entry.Actor,
            alias = entry.Alias,
            generation = entry.Generation,
            reason = entry.Reason,
            before = entry.Before,
            after = entry.After,
        }));
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(entry.PreviousHash + "\n" + content)));
    }
}
