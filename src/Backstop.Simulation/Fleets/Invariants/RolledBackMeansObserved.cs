using Backstop.Core.Rollouts;

namespace Backstop.Simulation.Fleets.Invariants;

/// <summary>The status says what the fleet does, at every gateway.</summary>
public sealed class RolledBackMeansObserved : Invariant
{
    private string? _gone;

    /// <inheritdoc/>
    public override string Promise => "Once a rollout is called rolled back, no gateway starts a request on its release.";

    /// <inheritdoc/>
    public override void See(FleetEvent e)
    {
        switch (e)
        {
            case FleetEvent.Committed { Status: RolloutStatus.RolledBack } committed:
                _gone = committed.Tested;
                break;
            case FleetEvent.Started started when started.Release == _gone:
                Broken($"{started.Who} started a request on {_gone} at generation {started.Generation}, after it was called rolled back");
                break;
        }
    }
}
