using Backstop.Core.Evidence;
using Backstop.Core.Routing;

namespace Backstop.Simulation.Fleets.Invariants;

/// <summary>A generation is judged by its own requests only, and only where the right releases stood in its arms.</summary>
public sealed class EvidenceStaysInItsGeneration : Invariant
{
    private readonly Dictionary<(long Generation, Arm Arm), long> _started = [];
    private readonly Dictionary<long, FleetEvent.Committed> _rows = [];

    /// <inheritdoc/>
    public override string Promise => "Evidence of one generation never judges another.";

    /// <inheritdoc/>
    public override void See(FleetEvent e)
    {
        switch (e)
        {
            case FleetEvent.Started started:
                var key = (started.Generation, started.Arm);
                _started[key] = _started.GetValueOrDefault(key) + 1;
                break;
            case FleetEvent.Committed committed:
                _rows.TryAdd(committed.Generation, committed);
                break;
            case FleetEvent.Counted counted:
                foreach (var count in counted.Counts)
                {
                    var began = _started.GetValueOrDefault((count.Generation, count.Arm));
                    if (count.Requests > began)
                    {
                        Broken($"generation {count.Generation} counts {count.Requests} requests of the {count.Arm} arm, and only {began} began in it");
                    }
                }

                break;
            case FleetEvent.Judged judged:
                CheckArms(judged.Contrast);
                break;
        }
    }

    private void CheckArms(Contrast contrast)
    {
        foreach (var generation in contrast.Stages.Select(s => s.Key.Generation))
        {
            if (!_rows.TryGetValue(generation, out var row))
            {
                Broken($"generation {generation} was judged and never committed");
            }
            else if (ServedBy(row, contrast.Tested) != row.Tested || ServedBy(row, contrast.Control) != row.Baseline)
            {
                Broken($"generation {generation} was judged as if {row.Tested} stood in its {contrast.Tested} arm");
            }
        }
    }

    private static string? ServedBy(FleetEvent.Committed row, Arm arm) => arm switch
    {
        Arm.Baseline => row.Current,
        Arm.Candidate => row.Candidate,
        Arm.Holdback => row.Previous,
        _ => null,
    };
}
