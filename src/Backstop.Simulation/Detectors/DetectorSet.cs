using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>A rule by name.</summary>
/// <param name="Facts">What it sees of a request.</param>
/// <param name="Start">Begins a new run.</param>
/// <param name="LogThreshold">What its evidence must reach, in nats, where that is not log(1/alpha).</param>
public sealed record Rule(string Name, Facts Facts, Func<IDetector> Start, double? LogThreshold = null);

/// <summary>The rules that are compared in a scenario: ours, and what is in use elsewhere.</summary>
public static class DetectorSet
{
    /// <summary>The rules that apply to a scenario.</summary>
    public static ImmutableArray<Rule> For(DetectionScenario scenario, double alpha) => scenario switch
    {
        { Kind: ScenarioKind.Sessions } => [.. OurRules.BySession(scenario, alpha), .. Incumbents(alpha)],
        { Kind: ScenarioKind.LateLabels } => [.. OurRules.WithLateLabels(scenario, alpha), .. Incumbents(alpha).Select(OnArrival)],
        { Kind: ScenarioKind.SickReplica } => [.. OurRules.ByReplica(scenario, alpha), .. Incumbents(alpha)],
        { Kind: ScenarioKind.WrongShare } => [.. OurRules.Guarded(scenario, alpha), .. Incumbents(alpha)],
        { Kind: ScenarioKind.ManyMonitors } =>
        [
            OurRules.Budgeted(scenario, alpha),
            Ten("ten peeked z-tests", () => new PeekedZTest(Critical(alpha))),
            Ten("ten mSPRT, alpha each", () => new MixtureSprt(-Math.Log(alpha))),
        ],
        { Kind: ScenarioKind.Latency } =>
        [
            .. OurRules.Latencies(scenario, alpha),
            new("Kayenta: mean latency every 10 min", Facts.Latency, () => MannWhitneyJudge.OfLatency()),
            new("z-test of means, peeked", Facts.Latency, () => new LatencyZTest(Critical(alpha))),
        ],
        { ChangeAt: > 0 } => [OurRules.Standing(), .. OneArm()],
        _ when scenario.Stages[0] >= 1 => [.. OurRules.Promoted(alpha), .. OneArm()],
        _ => [.. OurRules.TwoArms(scenario, alpha), .. Incumbents(alpha)],
    };

    private static IEnumerable<Rule> Incumbents(double alpha) =>
    [
        new("mSPRT", Facts.Outcome, () => new MixtureSprt(-Math.Log(alpha))),
        new("z-test, peeked", Facts.Outcome, () => new PeekedZTest(Critical(alpha))),
        new("Kayenta: ranks every 10 min", Facts.Outcome, () => MannWhitneyJudge.OfFailures()),
        .. OneArm(),
    ];

    private static IEnumerable<Rule> OneArm() =>
    [
        new("Argo, Flagger: failed intervals", Facts.Outcome, () => new IntervalCounting()),
        new("Page-Hinkley", Facts.Outcome, () => new PageHinkley()),
        new("ADWIN", Facts.Outcome, () => new Adwin()),
        new("the textbook's window", Facts.Outcome, () => new TextbookWindow()),
    ];

    private static Rule OnArrival(Rule rule) => rule with { Start = () => new LabelArrival(rule.Start()) };

    private static Rule Ten(string name, Func<IDetector> monitor) =>
        new(name, Facts.Outcome, () => new AnyOf([.. Enumerable.Range(0, MonitorBits.Count).Select(_ => monitor())]));

    // The one-sided normal quantile, for the few alphas that anyone asks for and roughly between them.
    private static double Critical(double alpha) => alpha switch
    {
        >= 0.05 => 1.645,
        >= 0.01 => 2.326,
        >= 0.001 => 3.090,
        >= 0.0001 => 3.719,
        _ => 4.265,
    };
}
