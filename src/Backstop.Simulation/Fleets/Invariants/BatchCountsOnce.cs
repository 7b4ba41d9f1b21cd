using System.Collections.Immutable;

namespace Backstop.Simulation.Fleets.Invariants;

/// <summary>The evidence lies between what gateways were told is stored and everything that ever arrived.</summary>
/// <remarks>
/// A crash of control may take back what was merged and not yet stored, so the two bounds differ; a batch that is counted
/// twice breaks the upper one, and a stored batch that is gone the lower one.
/// </remarks>
public sealed class BatchCountsOnce : Invariant
{
    private readonly Dictionary<BatchName, ImmutableArray<StageCount>> _shipped = [];
    private readonly HashSet<BatchName> _merged = [];
    private readonly HashSet<BatchName> _stored = [];
    private readonly Dictionary<(long, Core.Routing.Arm), long> _most = [];
    private readonly Dictionary<(long, Core.Routing.Arm), long> _least = [];

    /// <inheritdoc/>
    public override string Promise => "Each batch counts once, and a stored one always.";

    /// <inheritdoc/>
    public override void See(FleetEvent e)
    {
        switch (e)
        {
            case FleetEvent.Shipped shipped:
                _shipped[shipped.Batch] = shipped.Counts;
                break;
            case FleetEvent.Merged merged when _merged.Add(merged.Batch):
                Add(_most, merged.Batch);
                break;
            case FleetEvent.Stored stored when _stored.Add(stored.Batch):
                Add(_least, stored.Batch);
                break;
            case FleetEvent.Counted counted:
                Check(counted);
                break;
        }
    }

    private void Add(Dictionary<(long, Core.Routing.Arm), long> to, BatchName batch)
    {
        foreach (var count in _shipped[batch])
        {
            var key = (count.Generation, count.Arm);
            to[key] = to.GetValueOrDefault(key) + count.Requests;
        }
    }

    private void Check(FleetEvent.Counted counted)
    {
        var counts = counted.Counts.ToDictionary(c => (c.Generation, c.Arm), c => c.Requests);
        foreach (var (key, requests) in counts)
        {
            var most = _most.GetValueOrDefault(key);
            if (requests > most)
            {
                Broken($"{requests} requests of {key} are counted, and only {most} ever arrived");
            }
        }

        foreach (var (key, least) in _least)
        {
            var requests = counts.GetValueOrDefault(key);
            if (requests < least)
            {
                Broken($"{least} requests of {key} were stored, and only {requests} are counted");
            }
        }
    }
}
