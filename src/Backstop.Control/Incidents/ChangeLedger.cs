using System.Collections.Immutable;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Incidents;

/// <summary>What happened outside the registry, as told by those who did it. It stands in the journal, so it is append-only and chained.</summary>
public sealed class ChangeLedger(DurableStore store, TimeProvider clock)
{
    private const string Kind = "external_change";

    // What is told late is still found: entries are looked up by when they came, and used by when they happened.
    private static readonly TimeSpan Kept = LiveCase.ChangesBefore + TimeSpan.FromDays(4);

    /// <summary>Writes an entry, unless the sender told it before.</summary>
    /// <returns>Whether it was new.</returns>
    public Task<bool> Add(LedgerEntry entry, string actor) => store.Write(async context =>
    {
        var now = clock.GetUtcNow();
        if (entry.Id.Length > 0 && (await Read(context, now)).Any(known => known.Id == entry.Id))
        {
            return (false, false);
        }

        // The alias stays inside: an entry under an alias's name must be its row's latest.
        await Journal.Append(context, now, new(Kind, actor, entry.What), alias: null, generation: null, before: null, after: StoreJson.Write(entry));
        return (true, true);
    });

    /// <summary>The entries that came in the days before a time, oldest first.</summary>
    public Task<ImmutableArray<LedgerEntry>> Near(DateTimeOffset time) => store.Read(context => Read(context, time));

    /// <summary>Some of the entries that came in the days before a time, oldest first, each with its number in the journal.</summary>
    public Task<List<(long Sequence, LedgerEntry Entry)>> Page(DateTimeOffset time, long after, int limit) => store.Read(async context =>
    {
        var since = time - Kept;
        var rows = await context.Journal.Where(e => e.Kind == Kind && e.At >= since && e.Sequence > after)
            .OrderBy(e => e.Sequence).Take(limit).Select(e => new { e.Sequence, After = e.After! }).ToListAsync();
        return rows.ConvertAll(row => (row.Sequence, StoreJson.Read<LedgerEntry>(row.After)));
    });

    /// <inheritdoc cref="Near"/>
    internal static async Task<ImmutableArray<LedgerEntry>> Read(StoreContext context, DateTimeOffset time)
    {
        var since = time - Kept;
        var rows = await context.Journal.AsNoTracking().Where(e => e.Kind == Kind && e.At >= since).OrderBy(e => e.Sequence).Select(e => e.After!).ToListAsync();
        return [.. rows.Select(StoreJson.Read<LedgerEntry>)];
    }
}
