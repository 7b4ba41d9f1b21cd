using Backstop.Core.Rollouts;

namespace Backstop.Simulation.Fleets.Invariants;

/// <summary>An acknowledgement of a rollback is true from that moment on.</summary>
public sealed class NothingBadAfterAcknowledgement : Invariant
{
    private readonly Dictionary<string, long> _acknowledged = new(StringComparer.Ordinal);
    private (string Release, long Generation)? _rolledBack;

    /// <inheritdoc/>
    public override string Promise => "A gateway that acknowledged the rollback starts no request on the bad release.";

    /// <inheritdoc/>
    public override void See(FleetEvent e)
    {
        switch (e)
        {
            case FleetEvent.Committed { Status: RolloutStatus.RollingBack } committed:
                _rolledBack = (committed.Tested, committed.Generation);
                break;
            case FleetEvent.Acknowledged acknowledged:
                _acknowledged[acknowledged.Who] = Math.Max(_acknowledged.GetValueOrDefault(acknowledged.Who), acknowledged.Generation);
                break;
            case FleetEvent.Started started when _rolledBack is var (release, generation)
                && started.Release == release && _acknowledged.GetValueOrDefault(started.Who) >= generation:
                Broken($"{started.Who} acknowledged generation {_acknowledged[started.Who]} and started a request on {release} at {started.At:O}");
                break;
        }
    }
}
