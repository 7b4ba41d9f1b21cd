using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Gates;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Gates;

/// <summary>The gates.</summary>
public sealed class GateStore(DurableStore store, TimeProvider clock)
{
    /// <summary>Keeps a gate, in the place of the one with this id, and says in the journal who did.</summary>
    public Task Save(Gate gate, string actor, string? reason = null) => store.Write(async context =>
    {
        var record = StoreJson.Write(gate);
        var before = await context.Gates.Where(g => g.Id == gate.Id).Select(g => g.Record).SingleOrDefaultAsync();
        if (before is null)
        {
            context.Gates.Add(new() { Id = gate.Id, Alias = gate.Alias, CreatedAt = gate.CreatedAt, Record = record });
        }
        else
        {
            await context.Gates.Where(g => g.Id == gate.Id).ExecuteUpdateAsync(set => set.SetProperty(g => g.Record, record));
        }

        var draft = new JournalDraft(
            "gate_saved", actor, $"gate {gate.Id} of {gate.Alias}: {gate.State}, fails above {gate.FailIfMoreThan} of {gate.Runs}, {GateFiles.CasesDigest(gate.Cases)}{(reason is null ? "" : $": {reason}")}");
        await Journal.Append(context, clock.GetUtcNow(), draft, alias: null, generation: null, before: null, after: null);
        return (true, true);
    });

    /// <summary>The gate, or null.</summary>
    public Task<Gate?> Find(string id) => store.Read(async context =>
        await context.Gates.SingleOrDefaultAsync(g => g.Id == id) is { } row ? StoreJson.Read<Gate>(row.Record) : null);

    /// <summary>Some of them, oldest first.</summary>
    /// <param name="alias">Of this alias, or null.</param>
    /// <param name="after">The one that they follow, or null.</param>
    /// <param name="limit">At most so many.</param>
    public Task<List<Gate>> Page(string? alias, Gate? after, int limit) => store.Read(async context =>
    {
        var rows = context.Gates.Where(g => alias == null || g.Alias == alias);
        if (after is not null)
        {
            rows = rows.Where(g => g.CreatedAt >= after.CreatedAt && (g.CreatedAt > after.CreatedAt || string.Compare(g.Id, after.Id) > 0));
        }

        return (await rows.OrderBy(g => g.CreatedAt).ThenBy(g => g.Id).Take(limit).ToListAsync()).ConvertAll(row => StoreJson.Read<Gate>(row.Record));
    });

    /// <summary>The gates of an alias, or all of them, oldest first.</summary>
    public Task<List<Gate>> All(string? alias) => store.Read(async context =>
        (await context.Gates.Where(g => alias == null || g.Alias == alias).OrderBy(g => g.CreatedAt).ThenBy(g => g.Id).ToListAsync())
        .ConvertAll(row => StoreJson.Read<Gate>(row.Record)));
}
