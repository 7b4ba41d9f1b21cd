using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Incidents;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Rollouts;

/// <summary>Keeps the merged evidence of each alias, and with it what requests to it usually bring: both grow by the same batches, so one write keeps them.</summary>
public sealed class EvidenceStore(DurableStore store)
{
    /// <summary>What is kept of an alias; new when there was none.</summary>
    public async Task<(AliasEvidence Evidence, InputWatch Inputs)> Load(string alias)
    {
        var row = await store.Read(context => context.Evidence.SingleOrDefaultAsync(e => e.Alias == alias));
        return (
            row is null ? new(alias) : EvidenceSnapshot.Read(row.Record),
            row?.Inputs is { } inputs ? InputWatch.From(StoreJson.Read<InputMemory>(inputs)) : new());
    }

    /// <summary>The evidence of the aliases that were asked last.</summary>
    public async Task<List<AliasEvidence>> Latest(int most) =>
        (await store.Read(context => context.Evidence.OrderByDescending(e => e.At).Take(most).Select(e => e.Record).ToListAsync())).ConvertAll(EvidenceSnapshot.Read);

    /// <summary>Replaces what is kept.</summary>
    public Task Save(AliasEvidence evidence, InputWatch inputs, DateTimeOffset at)
    {
        var row = new EvidenceRow { Alias = evidence.Alias, At = at, Record = EvidenceSnapshot.Write(evidence), Inputs = StoreJson.Write(inputs.Memory) };
        return store.Write(async context =>
        {
            var changed = await context.Evidence.Where(e => e.Alias == row.Alias)
                .ExecuteUpdateAsync(set => set.SetProperty(e => e.At, row.At).SetProperty(e => e.Record, row.Record).SetProperty(e => e.Inputs, row.Inputs));
            if (changed == 0)
            {
                context.Evidence.Add(row);
            }

            return (true, true);
        });
    }
}
