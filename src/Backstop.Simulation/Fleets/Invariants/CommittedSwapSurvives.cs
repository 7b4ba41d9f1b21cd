namespace Backstop.Simulation.Fleets.Invariants;

/// <summary>What was committed, and so may have been told to somebody, is there after every crash.</summary>
public sealed class CommittedSwapSurvives : Invariant
{
    private long _known;

    /// <inheritdoc/>
    public override string Promise => "A swap that was acknowledged to anybody survives every crash.";

    /// <inheritdoc/>
    public override void See(FleetEvent e)
    {
        switch (e)
        {
            case FleetEvent.Committed committed:
                _known = Math.Max(_known, committed.Generation);
                break;
            case FleetEvent.Acknowledged acknowledged:
                _known = Math.Max(_known, acknowledged.Generation);
                break;
            case FleetEvent.Restarted { Generation: { } generation } when generation < _known:
                Broken($"generation {_known} was acknowledged, and control started again at {generation}");
                break;
        }
    }
}
