using Backstop.Core.Rollouts;

namespace Backstop.Simulation.Fleets.Invariants;

/// <summary>Once begun, a rollback ends, whatever crashes.</summary>
public sealed class StartedRollbackCompletes : Invariant
{
    private RolloutStatus? _since;

    /// <inheritdoc/>
    public override string Promise => "A rollback that was started completes once the faults have ended.";

    /// <inheritdoc/>
    public override void See(FleetEvent e)
    {
        if (e is not FleetEvent.Committed committed)
        {
            return;
        }

        if (_since is not null && committed.Status is not (RolloutStatus.RollingBack or RolloutStatus.Verifying
            or RolloutStatus.RolledBack or RolloutStatus.RollbackDegraded))
        {
            Broken($"a rollback turned into {committed.Status}");
        }

        if (_since is not null || committed.Status == RolloutStatus.RollingBack)
        {
            _since = committed.Status;
        }
    }

    /// <inheritdoc/>
    public override void End()
    {
        if (_since is { } status and not RolloutStatus.RolledBack)
        {
            Broken($"a rollback was started, and it is still {status}");
        }
    }
}
