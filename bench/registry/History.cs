using System.Diagnostics;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Microsoft.EntityFrameworkCore;

namespace Backstop.RegistryBench;

/// <summary>How much a registry holds.</summary>
internal sealed record HistorySize(int Entries, int Releases)
{
    public const int Aliases = 100;

    /// <summary>When the first entry was written, and the time from one to the next.</summary>
    public static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly TimeSpan Pace = TimeSpan.FromSeconds(20);

    public static string Alias(int number) => $"team-{number:000}:prod";

    public static string Release(int number) => $"r{number:00000}";
}

/// <summary>A history as a control plane would have written it: real manifests, alias rows and hashes, only not one transaction for each.</summary>
/// <remarks>
/// All aliases roll out one release after the other, in turn. A rollout takes 40 entries: shares of 1, 10 and 50 %, promotion,
/// verification, and steps between that leave the alias as it is.
/// </remarks>
internal static class History
{
    private const int EntriesOfRollout = 40;

    /// <summary>Fills an empty store.</summary>
    /// <returns>How long it took; null when the store was filled already.</returns>
    public static async Task<TimeSpan?> Fill(StoreAddress address, HistorySize size, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        using var store = DurableStore.At(address);
        await store.Open(cancel);
        if (await store.Read(context => context.Journal.AnyAsync(cancel)))
        {
            return null;
        }

        await store.Write(async context =>
        {
            await Write(context, size, cancel);
            return (true, true);
        });
        if (address is StoreAddress.Postgres)
        {
            // What autovacuum does on a server that was filled by and by.
            await store.Read(context => context.Database.ExecuteSqlRawAsync("VACUUM ANALYZE", cancel));
        }

        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task Write(StoreContext context, HistorySize size, CancellationToken cancel)
    {
        await using var releases = new BulkInsert(context, "Releases", "Name", "Digest", "Manifest", "CreatedAt");
        await using var rollouts = new BulkInsert(context, "Rollouts", "Id", "Alias", "Revision", "Active", "SubmittedAt", "Record");
        await using var journal = new BulkInsert(
            context, "Journal", "Sequence", "At", "Kind", "Actor", "Alias", "Generation", "Reason", "Before", "After", "PreviousHash", "Hash");
        await using var rows = new BulkInsert(context, "Aliases", "Name", "Epoch", "Generation", "Record");
        var (sequence, hash) = (0L, Journal.Genesis);
        var digests = new string[size.Releases];
        var registered = 0;
        await Register(2);
        var aliases = Enumerable.Range(0, HistorySize.Aliases)
            .Select(i => new AliasRecord { Name = HistorySize.Alias(i), Current = digests[0], Salt = $"s{i}" }).ToArray();
        var records = aliases.Select(StoreJson.Write).ToArray();
        for (var i = 0; i < aliases.Length; i++)
        {
            await Append("alias_created", "created", aliases[i].Name, aliases[i].Generation, before: null, records[i]);
        }

        // Registrations are spread over the whole history, so that its pages are alike from the first to the last.
        var turns = Math.Max(1, (size.Entries - size.Releases) / aliases.Length);
        for (var turn = 0; sequence < size.Entries; turn++)
        {
            await Register((int)Math.Min(size.Releases, ((turn + 1L) * size.Releases / turns) + 2));
            for (var i = 0; i < aliases.Length && sequence < size.Entries; i++)
            {
                var (rollout, step) = (turn / EntriesOfRollout, turn % EntriesOfRollout);
                var candidate = digests[(rollout + 1) % registered];
                var before = records[i];
                if (ChangeOf(step, candidate) is { } change)
                {
                    aliases[i] = ((SwapResult.Swapped)aliases[i].Apply(change, aliases[i].Generation)).Alias;
                    records[i] = StoreJson.Write(aliases[i]);
                }

                if (step == 0)
                {
                    var stored = Over(aliases[i], $"r{rollout:00000}{i:000}", candidate, MomentOf(sequence + 1));
                    await rollouts.Add(cancel, stored.Rollout.Id, aliases[i].Name, stored.Revision, false, stored.SubmittedAt.ToUnixTimeMilliseconds(), StoreJson.Write(stored));
                }

                await Append("rollout_stepped", $"step {step} of {rollout}", aliases[i].Name, aliases[i].Generation, before, records[i]);
            }
        }

        await Register(size.Releases);
        for (var i = 0; i < aliases.Length; i++)
        {
            await rows.Add(cancel, aliases[i].Name, aliases[i].Epoch, aliases[i].Generation, records[i]);
        }

        foreach (var table in (BulkInsert[])[releases, rollouts, journal, rows])
        {
            await table.Flush(cancel);
        }

        var at = DateTimeOffset.FromUnixTimeMilliseconds(MomentOf(sequence));
        await context.JournalHead.ExecuteUpdateAsync(
            set => set.SetProperty(h => h.Sequence, sequence).SetProperty(h => h.Hash, hash).SetProperty(h => h.At, at), cancel);

        async Task Register(int upTo)
        {
            for (; registered < upTo; registered++)
            {
                var release = ReleaseOf(registered);
                digests[registered] = release.Digest;
                await Append("release_registered", $"registered {release.Name}", alias: null, generation: null, before: null, release.Digest);
                await releases.Add(cancel, release.Name, release.Digest, release.Manifest, MomentOf(sequence));
            }
        }

        async Task Append(string kind, string reason, string? alias, long? generation, string? before, string? after)
        {
            var entry = new JournalRow
            {
                Sequence = ++sequence,
                At = DateTimeOffset.FromUnixTimeMilliseconds(MomentOf(sequence)),
                Kind = kind,
                Actor = "controller",
                Alias = alias,
                Generation = generation,
                Reason = reason,
                Before = before,
                After = after,
                PreviousHash = hash,
                Hash = "",
            };
            hash = Journal.HashOf(entry);
            await journal.Add(
                cancel, sequence, MomentOf(sequence), kind, entry.Actor, alias, generation, reason, before, after, entry.PreviousHash, hash);
        }
    }

    private static long MomentOf(long sequence) => (HistorySize.Begin + (HistorySize.Pace * sequence)).ToUnixTimeMilliseconds();

    private static AliasChange? ChangeOf(int step, string candidate) => step switch
    {
        4 => new AliasChange.Expose(candidate, 100, candidate[^8..]),
        12 => new AliasChange.Expose(candidate, 1000, candidate[^8..]),
        20 => new AliasChange.Expose(candidate, 5000, candidate[^8..]),
        28 => new AliasChange.Promote(candidate, HoldbackBasisPoints: 500, candidate[^8..]),
        39 => new AliasChange.Verify(),
        _ => null,
    };

    private static StoredRollout Over(AliasRecord alias, string id, string candidate, long at)
    {
        var moment = DateTimeOffset.FromUnixTimeMilliseconds(at);
        var rollout = RolloutMachine.Submit(alias, id, candidate, new(), moment).Next.Rollout;
        return new() { SubmittedAt = moment, Evidence = new EvidencePlan(), Rollout = rollout with { Status = RolloutStatus.Superseded } };
    }

    private static Release ReleaseOf(int number)
    {
        var manifest = $$"""
            {
              "model": { "name": "assistant", "version": "{{number}}" },
              "prompt": { "system": "{{string.Concat(Enumerable.Repeat("Answer in at most three sentences and name your source. ", 20))}}", "version": "{{number / 3}}" },
              "parameters": { "temperature": 0.{{number % 10}}, "max_tokens": 600 },
              "serving": { "model": "assistant-{{number}}", "replicas": ["http://127.0.0.1:1", "http://127.0.0.1:2"] }
            }
            """;
        return ((ReleaseResult.Parsed)Release.Parse(HistorySize.Release(number), manifest)).Release;
    }
}
