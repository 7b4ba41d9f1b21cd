using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;

namespace Backstop.Simulation.Fleets.Invariants;

/// <summary>Only a healthy verdict of the same moment raises a share, and never after an abort.</summary>
public sealed class ExposureNeedsHealth : Invariant
{
    private FleetEvent.Judged? _judged;
    private FleetEvent.Committed? _before;
    private bool _aborted;

    /// <inheritdoc/>
    public override string Promise => "Exposure rises only on a healthy verdict, and never after an abort.";

    /// <inheritdoc/>
    public override void See(FleetEvent e)
    {
        switch (e)
        {
            case FleetEvent.Judged judged:
                _judged = judged;
                break;
            case FleetEvent.Committed committed:
                if (_before is { } before && committed.Exposure > before.Exposure)
                {
                    Check(before, committed);
                }

                _aborted |= committed.IsAborted;
                _before = committed;
                break;
        }
    }

    private void Check(FleetEvent.Committed before, FleetEvent.Committed after)
    {
        var how = $"{after.Tested} went from {before.Exposure} to {after.Exposure} basis points";
        if (_aborted)
        {
            Broken($"{how} after an abort");
        }

        // The first share of all needs warm servers; there is no evidence yet.
        if (before.Status != RolloutStatus.Warming && !(_judged is { Verdict: Verdict.Healthy } judged && judged.At == (after.DecidedAt ?? after.At)))
        {
            Broken($"{how} when the last verdict was {_judged?.Verdict.ToString() ?? "none"}");
        }
    }
}
