using System.Collections.Immutable;

namespace Backstop.Simulation.Detection;

/// <summary>A time in which nothing changes.</summary>
/// <param name="Requests">How many requests it lasts.</param>
/// <param name="TestedShare">Probability with which a request is drawn for the tested arm; 1 when there is no control.</param>
public sealed record Phase(int Requests, double TestedShare, SimulatedRelease Tested, SimulatedRelease Control);

/// <summary>What happens to two arms, and whether a rollback would be right.</summary>
/// <param name="ChangeAt">The request from which the tested release is worse than its control, or null when it never is.</param>
/// <param name="ResultsDependOnSession">Whole sessions are assigned, and the requests of one resemble each other.</param>
public sealed record DetectionScenario(string Name, ImmutableArray<Phase> Phases, int? ChangeAt, bool ResultsDependOnSession = false)
{
    private const int HealthyBefore = 20_000;

    /// <summary>The shares of the stages, in order; consecutive phases with one share are one stage.</summary>
    public ImmutableArray<double> Stages
    {
        get
        {
            var stages = ImmutableArray.CreateBuilder<double>();
            foreach (var phase in Phases)
            {
                if (stages.Count == 0 || stages[^1] != phase.TestedShare)
                {
                    stages.Add(phase.TestedShare);
                }
            }

            return stages.ToImmutable();
        }
    }

    /// <summary>Length of the whole.</summary>
    public int Requests => Phases.Sum(p => p.Requests);

    /// <summary>A canary against its concurrent baseline from the first request on.</summary>
    public static DetectionScenario Canary(SimulatedRelease release, double share, int requests) => new(
        $"{release.Name}, {share:0.##%} canary", [new(requests, share, release, SimulatedRelease.V7)],
        release == SimulatedRelease.V8 || release == SimulatedRelease.Subtle ? 0 : null);

    /// <summary>The release takes all traffic; only its predecessor's rates are known.</summary>
    public static DetectionScenario Promoted(SimulatedRelease release, int requests) => new(
        $"{release.Name}, promoted", [new(requests, 1, release, SimulatedRelease.V7)], release == SimulatedRelease.V7 ? null : 0);

    /// <summary>Long in production and good; then it turns into another release.</summary>
    public static DetectionScenario Late(SimulatedRelease release, int requests) => new(
        $"{release.Name} after {HealthyBefore} good requests",
        [new(HealthyBefore, 1, SimulatedRelease.V7, SimulatedRelease.V7), new(requests, 1, release, SimulatedRelease.V7)],
        HealthyBefore);

    /// <summary>Identical arms; in the middle tenth of the time everything is as bad as v8.</summary>
    public static DetectionScenario SharedFault(double share, int requests) => new(
        $"shared fault, {share:0.##%} canary",
        [
            new(requests * 4 / 10, share, SimulatedRelease.V7, SimulatedRelease.V7),
            new(requests / 10, share, SimulatedRelease.V8, SimulatedRelease.V8),
            new(requests / 2, share, SimulatedRelease.V7, SimulatedRelease.V7),
        ],
        null);

    /// <summary>Identical arms on a ramp while the base rate drifts: pooling the stages would see a difference.</summary>
    public static DetectionScenario Ramp(int requests) => new(
        "ramp over a drifting base rate",
        [
            .. ((ReadOnlySpan<double>)[0.01, 0.05, 0.20, 0.50]).ToArray().Select((share, step) =>
            {
                var release = new SimulatedRelease("drift", 0.002 + (0.01 * step), 0.001, 0.94 - (0.02 * step));
                return new Phase(requests / 4, share, release, release);
            }),
        ],
        null);

    /// <summary>Identical arms; sessions of five requests on average with an intra-session correlation of 0.2.</summary>
    public static DetectionScenario Sticky(double share, int requests) => new(
        $"sticky users, {share:0.##%} canary", [new(requests, share, SimulatedRelease.V7, SimulatedRelease.V7)], null,
        ResultsDependOnSession: true);
}
