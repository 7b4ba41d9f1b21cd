using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Incidents;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Incidents;

/// <summary>Monitors that were learnt. They stand in the journal: the latest entry of an id counts.</summary>
public sealed class MonitorStore(DurableStore store, TimeProvider clock)
{
    private const string Kind = "monitor_saved";

    /// <summary>Keeps a monitor, in the place of the one with this id.</summary>
    /// <param name="why">Why its state was changed; null for a new one.</param>
    public Task Save(InputMonitor monitor, string actor, string? why = null) => store.Write(async context =>
    {
        var draft = new JournalDraft(Kind, actor, $"monitor {monitor.Id} of {monitor.Alias}: {monitor.State}, {why ?? monitor.Rule.Words}");
        await Journal.Append(context, clock.GetUtcNow(), draft, alias: null, generation: null, before: null, after: StoreJson.Write(monitor));
        return (true, true);
    });

    /// <summary>The monitors of an alias, or all of them, oldest first.</summary>
    public Task<List<InputMonitor>> All(string? alias) => store.Read(async context =>
        (await context.Journal.AsNoTracking().Where(e => e.Kind == Kind).OrderBy(e => e.Sequence).Select(e => e.After!).ToListAsync())
        .Select(StoreJson.Read<InputMonitor>)
        .Where(m => alias is null || m.Alias == alias)
        .GroupBy(m => m.Id, StringComparer.Ordinal)
        .Select(same => same.Last())
        .ToList());

    /// <summary>The monitor, or null.</summary>
    public async Task<InputMonitor?> Find(string id) => (await All(null)).Find(m => m.Id == id);
}
