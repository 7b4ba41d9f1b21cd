using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>The rules that are compared: ours, and what is in use elsewhere.</summary>
public static class DetectorSet
{
    private static readonly ImmutableArray<ImmutableArray<double>> CeilingLevels = [[1.5, 3, 8], [4, 20, 100], [1.25, 1.6, 2.6]];

    /// <summary>A rule by name.</summary>
    /// <param name="Stratified">Whether it uses the input checks' attack flag.</param>
    /// <param name="Start">Begins a new run.</param>
    /// <param name="LogThreshold">What its evidence must reach, in nats, where that is not log(1/alpha).</param>
    public sealed record Rule(string Name, bool Stratified, Func<IDetector> Start, double? LogThreshold = null);

    /// <summary>The rules that apply to a scenario.</summary>
    public static ImmutableArray<Rule> For(DetectionScenario scenario, double alpha)
    {
        if (scenario.ResultsDependOnSession)
        {
            var share = scenario.Stages[0];
            var bad = 1 - SimulatedRelease.V7.Outcomes()[3];
            return
            [
                new("ours, by session", false, () => new SessionDetector(share, bad, -Math.Log(alpha))),
                Joint("ours, by request (wrong unit)", scenario, alpha, strict: false, stratified: false),
                .. Incumbents(alpha),
            ];
        }

        if (scenario is { ChangeAt: > 0 } && scenario.Stages[0] >= 1)
        {
            return
            [
                Standing(),
                new("textbook window", false, () => new TextbookWindow()),
                new("interval counting", false, () => new IntervalCounting()),
                new("Page-Hinkley", false, () => new PageHinkley()),
            ];
        }

        if (scenario.Stages[0] >= 1)
        {
            return
            [
                Ceiling("ours", alpha, [0.005, 0.005, 0.01], stratified: false),
                Ceiling("ours, strict", alpha, [0, 0, 0], stratified: false),
                Ceiling("ours, by attack flag", alpha, [0.005, 0.005, 0.01], stratified: true),
                new("textbook window", false, () => new TextbookWindow()),
                new("interval counting", false, () => new IntervalCounting()),
                new("Page-Hinkley", false, () => new PageHinkley()),
            ];
        }

        return
        [
            Joint("ours", scenario, alpha, strict: false, stratified: false),
            Joint("ours, strict", scenario, alpha, strict: true, stratified: false),
            Joint("ours, by attack flag", scenario, alpha, strict: false, stratified: true),
            Product(scenario, alpha),
            .. Incumbents(alpha),
        ];
    }

    private static IEnumerable<Rule> Incumbents(double alpha) =>
    [
        new("textbook window", false, () => new TextbookWindow()),
        new("interval counting", false, () => new IntervalCounting()),
        new("Mann-Whitney every 10 min", false, () => new MannWhitneyJudge()),
        new("z-test, peeked", false, () => new PeekedZTest(critical: 3.09)),
        new("mSPRT", false, () => new MixtureSprt(-Math.Log(alpha))),
        new("Page-Hinkley", false, () => new PageHinkley()),
    ];

    private static Rule Joint(string name, DetectionScenario scenario, double alpha, bool strict, bool stratified)
    {
        var v7 = SimulatedRelease.V7;
        ImmutableArray<ImmutableArray<double>> rates = stratified ? [[.. v7.Outcomes(0)[..3]], [.. v7.Outcomes(1)[..3]]] : [[.. v7.Outcomes()[..3]]];
        var table = new JointTable(new TableDesign
        {
            Stages = [.. scenario.Stages.Select(x => new TableStage(x, rates))],
            Margins = strict ? [0, 0, 0] : [0.002, 0.002, 0.01],
        });
        return new(name, stratified, () => new TableDetector(
            table.Increments, -Math.Log(alpha), r => table.CellOf(r.Stage, stratified ? r.Stratum : 0, r.Tested, r.Category)));
    }

    /// <summary>Exactly what the judge does with labelled requests: nine outcomes, strata, and quality's part of alpha.</summary>
    private static Rule Product(DetectionScenario scenario, double alpha)
    {
        var plan = new EvidencePlan { Alpha = alpha };
        var history = CountTable.OfOutcomes();
        for (var stratum = 0; stratum < CountTable.Strata; stratum++)
        {
            var outcomes = SimulatedRelease.V7.Outcomes(stratum);
            var requests = stratum == 0 ? 95_000 : 5_000;
            var counts = new long[Enum.GetValues<Outcome>().Length];
            counts[(int)Outcome.ToxicBlocked] = (long)(requests * outcomes[0]);
            counts[(int)Outcome.SchemaBlocked] = (long)(requests * outcomes[1]);
            counts[(int)Outcome.Wrong] = (long)(requests * outcomes[2]);
            counts[(int)Outcome.Correct] = requests - counts.Sum();
            history.Add(Core.Routing.Arm.Baseline, stratum, counts);
        }

        var rates = ControlRates.From(history, Core.Routing.Arm.Baseline);
        var tables = new EvidenceTables(
            plan,
            [.. scenario.Stages.Select((x, i) => new ContrastStage(new("lab", 1, i), x))],
            [.. scenario.Stages.Select(_ => rates)]);
        var table = tables.Joint[(int)EvidenceGroup.Quality];
        return new("the product's plan", true, () => new TableDetector(
            table.Increments, plan.LogThreshold(EvidenceGroup.Quality),
            r => table.CellOf(r.Stage, r.Stratum, r.Tested, r.Category == 3 ? table.BadCategories : r.Category)));
    }

    private static Rule Standing()
    {
        var logThreshold = Math.Log(1e8); // One false alarm in a hundred million requests, at most.
        var test = new CeilingTest([[.. SimulatedRelease.V7.Outcomes()[..3].Zip([0.005, 0.005, 0.01], (rate, margin) => rate + margin)]], CeilingLevels);
        return new("ours, standing", false, () => new StandingDetector(test, logThreshold, r => r.Category), logThreshold);
    }

    private static Rule Ceiling(string name, double alpha, double[] margins, bool stratified)
    {
        var v7 = SimulatedRelease.V7;
        ImmutableArray<ImmutableArray<double>> rates = stratified ? [[.. v7.Outcomes(0)[..3]], [.. v7.Outcomes(1)[..3]]] : [[.. v7.Outcomes()[..3]]];
        var test = new CeilingTest([.. rates.Select(s => s.Zip(margins, (rate, margin) => rate + margin).ToImmutableArray())], CeilingLevels);
        return new(name, stratified, () => new TableDetector(
            test.Increments, -Math.Log(alpha), r => ((stratified ? r.Stratum : 0) * 4) + r.Category));
    }
}
