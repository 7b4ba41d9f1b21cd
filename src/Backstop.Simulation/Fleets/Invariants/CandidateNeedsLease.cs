using Backstop.Core.Routing;

namespace Backstop.Simulation.Fleets.Invariants;

/// <summary>A candidate's share ends by itself when nobody speaks for it.</summary>
/// <param name="lease">How long one word of control lasts.</param>
public sealed class CandidateNeedsLease(TimeSpan lease) : Invariant
{
    private readonly Dictionary<string, DateTimeOffset> _heard = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Promise => "A gateway that hears nothing for a lease stops exposing the candidate.";

    /// <inheritdoc/>
    public override void See(FleetEvent e)
    {
        switch (e)
        {
            case FleetEvent.Applied { FromDisk: false } or FleetEvent.LeaseRenewed:
                _heard[e.Who] = e.At;
                break;
            case FleetEvent.Crashed:
                _heard.Remove(e.Who);
                break;
            case FleetEvent.Started { Arm: Arm.Candidate } started:
                if (!_heard.TryGetValue(started.Who, out var heard))
                {
                    Broken($"{started.Who} exposed the candidate without ever hearing from control since it started");
                }
                else if (started.At - heard > lease)
                {
                    Broken($"{started.Who} exposed the candidate {(started.At - heard).TotalSeconds:0.0} s after it last heard from control");
                }

                break;
        }
    }
}
