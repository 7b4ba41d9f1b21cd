using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rule where labels are late: the gateway's own ledger holds an epoch back until it is whole.</summary>
/// <remarks>What the ring stops is known at once; everything else waits for its label or for the deadline.</remarks>
/// <param name="table">The product's table of the quality group.</param>
public sealed class WatermarkDetector(EvidenceBounds bounds, JointTable table, double logThreshold) : IDetector
{
    private static readonly TimeSpan LabelDeadline = TimeSpan.FromMinutes(10);
    private static readonly EvidenceKey Stage = new("lab", 1, 0);

    private readonly RunningEvidence _evidence = new(bounds, logThreshold);
    private readonly EpochLedger _ledger = new(TimeSpan.FromSeconds(30));
    private readonly PriorityQueue<(EpochLedger.Ticket Ticket, bool Correct), double> _underWay = new();
    private long _requests;
    private long _bucket = -1;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        var seconds = ++_requests / LabelDelays.Rate;
        var now = DateTimeOffset.UnixEpoch.AddSeconds(seconds);
        var ticket = _ledger.Assign(Stage, request.Tested ? Arm.Candidate : Arm.Baseline, now, LabelDeadline);
        switch (request.Category)
        {
            case 0:
                ticket.Answered(request.Stratum == 1, Outcome.ToxicBlocked, Served.SafeText);
                break;
            case 1:
                ticket.Answered(request.Stratum == 1, Outcome.SchemaBlocked, Served.SafeText);
                break;
            default:
                ticket.Answered(request.Stratum == 1, Outcome.Unlabelled, Served.Unlabelled);
                _underWay.Enqueue((ticket, request.Category == 3), seconds + request.LabelDelay);
                break;
        }

        while (_underWay.TryPeek(out var labelled, out var at) && at <= seconds)
        {
            labelled.Ticket.Labelled(labelled.Correct);
            _underWay.Dequeue();
        }

        if (EpochCounts.BucketOf(now) == _bucket)
        {
            return default;
        }

        _bucket = EpochCounts.BucketOf(now);
        return Reaction.RollBackIf(Count(_ledger.Collect(now)));
    }

    private bool Count(ImmutableArray<EpochCounts> closed)
    {
        var reaches = false;
        foreach (var epoch in closed)
        {
            if (epoch.Group == EvidenceGroup.Quality)
            {
                foreach (var cell in epoch.Cells)
                {
                    reaches = Count(cell);
                }
            }
        }

        return reaches;
    }

    // Whether the evidence is there is asked of whole epochs only: the answer of the last request counted.
    private bool Count(CountCell cell)
    {
        var reaches = false;
        for (var outcome = 0; outcome < cell.Outcomes.Length; outcome++)
        {
            var category = ProductTable.CategoryOf((Outcome)outcome, table);
            for (var n = 0L; n < cell.Outcomes[outcome]; n++)
            {
                reaches = _evidence.Reaches(table.CellOf(0, cell.Stratum, cell.Arm == Arm.Candidate, category));
            }
        }

        return reaches;
    }
}
