using Backstop.Core.Rollouts;

namespace Backstop.Simulation.Fleets;

/// <summary>The moments of a run that its report tells, as an onlooker saw them.</summary>
internal sealed class Chronicle
{
    public DateTimeOffset? Exposed { get; private set; }

    public DateTimeOffset? Detected { get; private set; }

    public DateTimeOffset? Converged { get; private set; }

    public DateTimeOffset? Verified { get; private set; }

    public long Requests { get; private set; }

    public long RequestsToDetect { get; private set; }

    public long RequestsExposed { get; private set; }

    public long ServedAfterConvergence { get; private set; }

    public bool? ReleaseToBlame { get; private set; }

    public string? Incident { get; private set; }

    private string? Tested { get; set; }

    public void See(FleetEvent e)
    {
        switch (e)
        {
            case FleetEvent.Started started:
                See(started);
                break;
            case FleetEvent.Committed committed:
                Tested = committed.Tested;
                Exposed ??= committed.Exposure > 0 ? committed.At : null;
                Detected ??= committed.Status == RolloutStatus.RollingBack ? committed.At : null;
                Converged ??= committed.Status == RolloutStatus.Verifying ? committed.At : null;
                Verified ??= committed.Status == RolloutStatus.RolledBack ? committed.At : null;
                break;
            case FleetEvent.Incident incident:
                ReleaseToBlame = incident.Blamed || ReleaseToBlame == true;
                Incident = incident.Reason;
                break;
        }
    }

    private void See(FleetEvent.Started started)
    {
        Requests++;
        var isTested = started.Release == Tested;
        if (Exposed is not null && Detected is null)
        {
            RequestsToDetect++;
            RequestsExposed += isTested ? 1 : 0;
        }
        else if (Converged is not null && isTested)
        {
            ServedAfterConvergence++;
        }
    }
}
