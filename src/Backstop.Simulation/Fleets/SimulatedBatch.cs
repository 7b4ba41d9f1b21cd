using System.Collections.Immutable;
using Backstop.Core.Evidence;

namespace Backstop.Simulation.Fleets;

/// <summary>When requests were started on a release within one batch.</summary>
/// <param name="Release">Its digest.</param>
public readonly record struct StartedSpan(string Release, DateTimeOffset First, DateTimeOffset Last, long Count);

/// <summary>What a simulated gateway ships every flush.</summary>
internal sealed record SimulatedBatch(SignalBatch Signals, ImmutableArray<StartedSpan> Started)
{
    public BatchName Name => new(Signals.GatewayId, Signals.StartId, Signals.Sequence);

    /// <summary>How many requests of each stage its form counts hold.</summary>
    public ImmutableArray<StageCount> Counts() =>
    [
        .. Signals.Epochs.Where(e => e.Group == EvidenceGroup.Form)
            .SelectMany(e => e.Cells.Select(c => (e.Key.Generation, c.Arm, Requests: c.Outcomes.Sum())))
            .GroupBy(c => (c.Generation, c.Arm))
            .OrderBy(g => g.Key)
            .Select(g => new StageCount(g.Key.Generation, g.Key.Arm, g.Sum(c => c.Requests))),
    ];
}
