using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Rollouts;

/// <summary>Keeps the merged evidence of each alias.</summary>
public sealed class EvidenceStore(DurableStore store)
{
    /// <summary>The evidence of an alias; new when there was none.</summary>
    public async Task<AliasEvidence> Load(string alias)
    {
        var row = await store.Read(context => context.Evidence.SingleOrDefaultAsync(e => e.Alias == alias));
        return row is null ? new(alias) : EvidenceSnapshot.Read(row.Record);
    }

    /// <summary>Replaces what is kept.</summary>
    public Task Save(AliasEvidence evidence, DateTimeOffset at)
    {
        var row = new EvidenceRow { Alias = evidence.Alias, At = at, Record = EvidenceSnapshot.Write(evidence) };
        return store.Write(async context =>
        {
            var changed = await context.Evidence.Where(e => e.Alias == row.Alias)
                .ExecuteUpdateAsync(set => set.SetProperty(e => e.At, row.At).SetProperty(e => e.Record, row.Record));
            if (changed == 0)
            {
                context.Evidence.Add(row);
            }

            return (true, true);
        });
    }
}
