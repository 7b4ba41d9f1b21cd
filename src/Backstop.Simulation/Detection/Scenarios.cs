using System.Collections.Immutable;

namespace Backstop.Simulation.Detection;

/// <summary>The scenarios of the table.</summary>
public static class Scenarios
{
    private const int HealthyBefore = 20_000;
    private static readonly SimulatedRelease V7 = SimulatedRelease.V7;

    /// <summary>All of them. Those in which something is to be found last long enough to find it.</summary>
    /// <param name="requests">Length of those in which nothing is wrong with the release.</param>
    public static IEnumerable<DetectionScenario> All(int requests) =>
    [
        Promoted(SimulatedRelease.V8, requests),
        Late(SimulatedRelease.V8, requests),
        .. new[] { 0.05, 0.10, 0.50 }.Select(share => Canary(SimulatedRelease.V8, share, requests)),
        Canary(SimulatedRelease.Subtle, 0.50, Math.Max(requests, 100_000)),
        Slower(1.10, 0.50, Math.Max(requests, 20_000)),
        OnReplicas(SimulatedRelease.V8, 4, 0.10, requests),
        .. new[] { 0.01, 0.05, 0.10, 0.50 }.Select(share => Canary(V7, share, requests)),
        .. new[] { 0.10, 0.50 }.Select(share => Canary(SimulatedRelease.Shifted, share, requests)),
        Canary(SimulatedRelease.Better, 0.10, requests),
        SharedFault(0.10, requests),
        Ramp(requests),
        Sticky(0.10, requests),
        Labels("labels late, the canary's sooner", new(60, 60, 10, 10), requests),
        Labels("labels late, the canary's later", new(10, 10, 60, 60), requests),
        Labels("labels late, bad ones soonest", new(10, 5, 60, 5), requests),
        .. new[] { 3, 4, 5 }.Select(replicas => SickReplica(replicas, 0.10, requests)),
        .. new[] { 0.05, 0.09, 0.11, 0.20 }.Select(share => WrongShare(share, 0.10, requests)),
        Monitors(0.10, requests),
        SharedSlowdown(0.10, requests),
    ];

    /// <summary>A canary against its concurrent baseline from the first request on.</summary>
    public static DetectionScenario Canary(SimulatedRelease release, double share, int requests) => new(
        $"{release.Name}, {share:0.##%} canary", [new(requests, share, release, V7)],
        release == SimulatedRelease.V8 || release == SimulatedRelease.Subtle ? 0 : null);

    /// <summary>The same on several replicas that are all well.</summary>
    public static DetectionScenario OnReplicas(SimulatedRelease release, int replicas, double share, int requests) =>
        Canary(release, share, requests) with
        {
            Name = $"{release.Name}, {share:0.##%} canary on {replicas} replicas", Replicas = replicas, Kind = ScenarioKind.SickReplica,
        };

    /// <summary>The release takes all traffic; only its predecessor's rates are known.</summary>
    public static DetectionScenario Promoted(SimulatedRelease release, int requests) => new(
        $"{release.Name}, promoted", [new(requests, 1, release, V7)], release == V7 ? null : 0);

    /// <summary>Long in production and good; then it turns into another release.</summary>
    public static DetectionScenario Late(SimulatedRelease release, int requests) => new(
        $"{release.Name} after {HealthyBefore} good requests", [new(HealthyBefore, 1, V7, V7), new(requests, 1, release, V7)], HealthyBefore);

    /// <summary>Identical arms. For a tenth of the time both are as bad as v8; in another a third of all requests are attacks.</summary>
    public static DetectionScenario SharedFault(double share, int requests) => new(
        $"shared outage and attack wave, {share:0.##%} canary",
        [
            new(requests * 3 / 10, share, V7, V7),
            new(requests / 10, share, SimulatedRelease.V8, SimulatedRelease.V8),
            new(requests * 2 / 10, share, V7, V7),
            new(requests / 10, share, V7, V7) { AttackShare = 1.0 / 3 },
            new(requests * 3 / 10, share, V7, V7),
        ],
        null);

    /// <summary>Identical arms on a ramp while the base rate drifts: pooling the stages would see a difference.</summary>
    public static DetectionScenario Ramp(int requests) => new(
        "ramp over a drifting base rate",
        [
            .. new[] { 0.01, 0.05, 0.20, 0.50 }.SelectMany((share, step) => Enumerable.Range(0, 5).Select(part =>
            {
                var drifted = ((step * 5) + part) / 19.0;
                var release = new SimulatedRelease("drift", 0.002 + (0.03 * drifted), 0.001, 0.94 - (0.06 * drifted));
                return new Phase(requests / 20, share, release, release);
            })),
        ],
        null);

    /// <summary>Identical arms; sessions of five requests on average with an intra-session correlation of 0.2.</summary>
    public static DetectionScenario Sticky(double share, int requests) => Canary(V7, share, requests) with
    {
        Name = $"sticky users, {share:0.##%} canary", Kind = ScenarioKind.Sessions,
    };

    /// <summary>Identical arms, 10 % canary; labels come late.</summary>
    public static DetectionScenario Labels(string name, LabelDelays delays, int requests) => Canary(V7, 0.10, requests) with
    {
        Name = name, Kind = ScenarioKind.LateLabels, Labels = delays,
    };

    /// <summary>Identical arms, but one of the canary's machines spoils its answers.</summary>
    public static DetectionScenario SickReplica(int replicas, double share, int requests) => Canary(V7, share, requests) with
    {
        Name = $"one sick replica of {replicas}, {share:0.##%} canary", Kind = ScenarioKind.SickReplica, Replicas = replicas,
    };

    /// <summary>Identical arms; another share than planned is drawn.</summary>
    public static DetectionScenario WrongShare(double share, double planned, int requests) => Canary(V7, share, requests) with
    {
        Name = $"{share:0.##%} drawn where {planned:0.##%} was planned", Kind = ScenarioKind.WrongShare, PlannedShare = planned,
    };

    /// <summary>Identical arms; ten failure bits, correlated because some requests are harder than others.</summary>
    public static DetectionScenario Monitors(double share, int requests) => Canary(V7, share, requests) with
    {
        Name = $"ten monitors, {share:0.##%} canary", Kind = ScenarioKind.ManyMonitors,
    };

    /// <summary>The tested arm's latencies are longer by a factor.</summary>
    public static DetectionScenario Slower(double factor, double share, int requests) => new(
        $"{factor - 1:0.##%} slower, {share:0.##%} canary", [new(requests, share, V7, V7) { TestedSlowdown = factor }], 0)
    {
        Kind = ScenarioKind.Latency,
    };

    /// <summary>Both arms take twice as long in the middle half of the time.</summary>
    public static DetectionScenario SharedSlowdown(double share, int requests) => new(
        $"shared slowdown, {share:0.##%} canary",
        [
            new(requests / 4, share, V7, V7),
            new(requests / 2, share, V7, V7) { SharedSlowdown = 2 },
            new(requests / 4, share, V7, V7),
        ],
        null)
    {
        Kind = ScenarioKind.Latency,
    };
}
