using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Registry;

/// <summary>The one writer of alias rows, their rollouts and the journal.</summary>
public sealed class AliasStore(DurableStore store, TimeProvider clock)
{
    /// <summary>Digests of the releases that were current, newest first, each once, as far back as the last 500 decisions.</summary>
    public Task<List<string>> Served(string alias) => store.Read(async context =>
        (await context.Journal.AsNoTracking().Where(e => e.Alias == alias && e.After != null).OrderByDescending(e => e.Sequence).Take(500).Select(e => e.After!).ToListAsync())
        .Select(record => StoreJson.Read<AliasRecord>(record).Current).Distinct(StringComparer.Ordinal).ToList());

    /// <summary>A new alias; <see cref="CommitResult.Stale"/> when there is one of this name.</summary>
    public Task<CommitResult> Create(AliasRecord alias, JournalDraft draft) => store.Write<CommitResult>(async context =>
    {
        if (await context.Aliases.AsNoTracking().SingleOrDefaultAsync(a => a.Name == alias.Name) is { } there)
        {
            return (new CommitResult.Stale(StoreJson.Read<AliasRecord>(there.Record)), false);
        }

        var record = StoreJson.Write(alias);
        context.Aliases.Add(new() { Name = alias.Name, Epoch = alias.Epoch, Generation = alias.Generation, Record = record });
        await Journal.Append(context, clock.GetUtcNow(), draft, alias.Name, alias.Generation, before: null, record);
        return (new CommitResult.Committed(), true);
    });

    /// <summary>Replaces an alias row, and its rollout, if nobody moved first; the entry is in the same transaction.</summary>
    /// <param name="expected">The row that was decided on.</param>
    /// <param name="next">The row to write; equal to <paramref name="expected"/> when only the rollout moves.</param>
    /// <param name="rollout">The rollout to write, one revision above the one that was decided on.</param>
    /// <param name="draft">Who and why.</param>
    public Task<CommitResult> Commit(AliasRecord expected, AliasRecord next, StoredRollout? rollout, JournalDraft draft) =>
        store.Write<CommitResult>(async context =>
        {
            var (before, after) = (StoreJson.Write(expected), StoreJson.Write(next));
            var changed = await context.Aliases
                .Where(a => a.Name == expected.Name && a.Epoch == expected.Epoch && a.Generation == expected.Generation)
                .ExecuteUpdateAsync(set => set
                    .SetProperty(a => a.Epoch, next.Epoch)
                    .SetProperty(a => a.Generation, next.Generation)
                    .SetProperty(a => a.Record, after));
            if (changed == 0 || (rollout is not null && !await Put(context, rollout)))
            {
                var actual = await context.Aliases.AsNoTracking().SingleAsync(a => a.Name == expected.Name);
                return (new CommitResult.Stale(StoreJson.Read<AliasRecord>(actual.Record)), false);
            }

            await Journal.Append(context, clock.GetUtcNow(), draft, next.Name, next.Generation, before, after);
            return (new CommitResult.Committed(), true);
        });

    /// <summary>Notes the time that a rollout was watched, if nobody moved first. It decides nothing, so it is no entry of the journal.</summary>
    public Task<bool> Keep(StoredRollout rollout) => store.Write(async context => (await Put(context, rollout), true));

    /// <summary>The row, or null.</summary>
    public Task<AliasRecord?> Find(string name) => store.Read(async context =>
        await context.Aliases.SingleOrDefaultAsync(a => a.Name == name) is { } row ? StoreJson.Read<AliasRecord>(row.Record) : null);

    /// <summary>Every alias, by name.</summary>
    public Task<List<AliasRecord>> All() => store.Read(async context =>
        (await context.Aliases.OrderBy(a => a.Name).ToListAsync()).ConvertAll(row => StoreJson.Read<AliasRecord>(row.Record)));

    /// <summary>Some of them, by name.</summary>
    /// <param name="after">The name of the one that they follow, or null.</param>
    /// <param name="limit">At most so many.</param>
    public Task<List<AliasRecord>> Page(string? after, int limit) => store.Read(async context =>
        (await context.Aliases.Where(a => after == null || string.Compare(a.Name, after) > 0).OrderBy(a => a.Name).Take(limit).ToListAsync())
        .ConvertAll(row => StoreJson.Read<AliasRecord>(row.Record)));

    /// <summary>The rollout, or null.</summary>
    public Task<StoredRollout?> Rollout(string id) => store.Read(async context =>
        await context.Rollouts.SingleOrDefaultAsync(r => r.Id == id) is { } row ? StoreJson.Read<StoredRollout>(row.Record) : null);

    /// <summary>The rollout of an alias that was submitted last, over or not.</summary>
    public Task<StoredRollout?> LatestRollout(string alias) => store.Read(async context =>
        await context.Rollouts.Where(r => r.Alias == alias).OrderByDescending(r => r.SubmittedAt).FirstOrDefaultAsync() is { } row
            ? StoreJson.Read<StoredRollout>(row.Record)
            : null);

    /// <summary>The rollouts of an alias, the last submitted first.</summary>
    /// <param name="limit">At most so many.</param>
    public Task<List<StoredRollout>> Rollouts(string alias, int limit) => store.Read(async context =>
        (await context.Rollouts.Where(r => r.Alias == alias).OrderByDescending(r => r.SubmittedAt).Take(limit).ToListAsync())
        .ConvertAll(row => StoreJson.Read<StoredRollout>(row.Record)));

    /// <summary>What an alias's rollouts of the last thirty days may have cost in false rollbacks.</summary>
    public Task<AlarmBudget> Budget(AliasRecord alias, DateTimeOffset now) => store.Read(async context =>
    {
        var since = now - AlarmBudget.Month;
        var rows = await context.Rollouts.AsNoTracking().Where(r => r.Alias == alias.Name && r.SubmittedAt > since).Select(r => r.Record).ToListAsync();
        return AlarmBudget.Of((alias.Monitor ?? new()).FalseRollbacksPerMonth, rows.Select(row => StoreJson.Read<StoredRollout>(row).Charge));
    });

    /// <summary>Rollouts that are not over; those on their way back first.</summary>
    public Task<List<StoredRollout>> ActiveRollouts() => store.Read(async context =>
        (await context.Rollouts.Where(r => r.Active).ToListAsync())
        .ConvertAll(row => StoreJson.Read<StoredRollout>(row.Record))
        .OrderByDescending(r => r.Rollout.Abort is not null)
        .ThenBy(r => r.SubmittedAt)
        .ToList());

    /// <summary>How far every alias is: cheaper to ask than the rows.</summary>
    public Task<List<(string Name, long Epoch, long Generation)>> Generations() => store.Read(async context =>
        (await context.Aliases.Select(a => new { a.Name, a.Epoch, a.Generation }).ToListAsync()).ConvertAll(a => (a.Name, a.Epoch, a.Generation)));

    /// <summary>The aliases whose rollout is not over.</summary>
    public Task<List<string>> ActiveAliases() => store.Read(context => context.Rollouts.Where(r => r.Active).Select(r => r.Alias).ToListAsync());

    /// <summary>Writes down that the servers of a release are put to rest, unless an alias or a rollout needs it; false when one does.</summary>
    /// <remarks>Whoever changes an alias or a rollout at this moment is through or waits: both write into the journal.</remarks>
    public Task<bool> Rest(string release, JournalDraft draft) => store.Write(async context =>
    {
        await Journal.Hold(context);
        var named = await context.Aliases.AsNoTracking().Where(a => a.Record.Contains(release)).Select(a => a.Record).ToListAsync();
        var exposed = await context.Rollouts.AsNoTracking().Where(r => r.Active && r.Record.Contains(release)).Select(r => r.Record).ToListAsync();
        var isNeeded = named.SelectMany(a => StoreJson.Read<AliasRecord>(a).Needs()).Concat(exposed.SelectMany(r => StoreJson.Read<StoredRollout>(r).Needs()))
            .Contains(release, StringComparer.Ordinal);
        if (!isNeeded)
        {
            await Journal.Append(context, clock.GetUtcNow(), draft, alias: null, generation: null, before: null, after: null);
        }

        return (!isNeeded, !isNeeded);
    });

    private static async Task<bool> Put(StoreContext context, StoredRollout rollout)
    {
        var record = StoreJson.Write(rollout);
        var active = !rollout.Rollout.IsTerminal;
        if (rollout.Revision > 1)
        {
            return await context.Rollouts.Where(r => r.Id == rollout.Rollout.Id && r.Revision == rollout.Revision - 1)
                .ExecuteUpdateAsync(set => set
                    .SetProperty(r => r.Revision, rollout.Revision)
                    .SetProperty(r => r.Active, active)
                    .SetProperty(r => r.Record, record)) == 1;
        }

        if (await context.Rollouts.AnyAsync(r => r.Alias == rollout.Rollout.Alias && r.Active))
        {
            return false;
        }

        context.Rollouts.Add(new()
        {
            Id = rollout.Rollout.Id,
            Alias = rollout.Rollout.Alias,
            Revision = rollout.Revision,
            Active = active,
            SubmittedAt = rollout.SubmittedAt,
            Record = record,
        });
        return true;
    }
}

/// <summary>What became of a write.</summary>
public abstract record CommitResult
{
    private CommitResult()
    {
    }

    /// <summary>It is durable.</summary>
    public sealed record Committed : CommitResult;

    /// <summary>Someone moved first. Read again, decide again.</summary>
    public sealed record Stale(AliasRecord Actual) : CommitResult;
}
