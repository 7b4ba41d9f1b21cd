using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rules, set up for a scenario with what is known before it begins: v7's rates, and the shares as planned.</summary>
internal static class OurRules
{
    private static readonly ImmutableArray<double> Margins = [0.002, 0.002, 0.01];
    private static readonly ImmutableArray<double> CeilingMargins = [0.005, 0.005, 0.01];
    private static readonly ImmutableArray<double> None = [0, 0, 0];
    private static readonly ImmutableArray<ImmutableArray<double>> CeilingLevels = [[1.5, 3, 8], [4, 20, 100], [1.25, 1.6, 2.6]];
    private static readonly SimulatedRelease V7 = SimulatedRelease.V7;

    /// <summary>A release that took all traffic.</summary>
    public static IEnumerable<Rule> Promoted(double alpha) =>
    [
        Ceiling("ours", alpha, CeilingMargins, Facts.Outcome),
        Ceiling("ours, strict", alpha, None, Facts.Outcome),
        Ceiling("ours, by attack flag", alpha, CeilingMargins, Facts.OutcomeByAttack),
    ];

    /// <summary>A release that was good for long.</summary>
    public static Rule Standing()
    {
        var logThreshold = Math.Log(1e8); // One false alarm in a hundred million requests, at most.
        var test = new CeilingTest([[.. V7.Outcomes()[..3].Zip(CeilingMargins, (rate, margin) => rate + margin)]], CeilingLevels);
        var factors = StandingDetector.FactorsOf(test);
        return new(
            "ours, standing", Facts.Outcome,
            () => new StandingDetector(test, factors, logThreshold, (in SimulatedRequest r) => r.Category), logThreshold);
    }

    /// <summary>A candidate against its baseline.</summary>
    public static IEnumerable<Rule> TwoArms(DetectionScenario scenario, double alpha) =>
    [
        Joint("ours", scenario, alpha, Margins, Facts.Outcome),
        Joint("ours, strict", scenario, alpha, None, Facts.Outcome),
        Joint("ours, by attack flag", scenario, alpha, Margins, Facts.OutcomeByAttack),
        AllFlags(scenario, alpha),
        Product(scenario, alpha),
    ];

    /// <summary>Sticky users.</summary>
    public static IEnumerable<Rule> BySession(DetectionScenario scenario, double alpha)
    {
        var bad = 1 - V7.Outcomes()[3];
        var test = new SessionTest(scenario.Stages[0], bad, [bad * 1.15, bad * 1.4, bad * 1.8, bad * 2.8]);
        var bounds = new EvidenceBounds(SessionDetector.TableOf(test));
        yield return new("ours, by session", Facts.Outcome, () => new SessionDetector(bounds, -Math.Log(alpha)));
        yield return Joint("ours, by request (the wrong unit)", scenario, alpha, None, Facts.Outcome);
    }

    /// <summary>Labels that come at different speeds.</summary>
    public static IEnumerable<Rule> WithLateLabels(DetectionScenario scenario, double alpha)
    {
        var plan = new EvidencePlan { Alpha = alpha };
        var table = ProductTable.Create(scenario, plan);
        var bounds = new EvidenceBounds(table.Increments);
        yield return new(
            "ours, at the watermark", Facts.OutcomeByAttack,
            () => new WatermarkDetector(bounds, table, plan.LogThreshold(EvidenceGroup.Quality)));
        var arriving = Joint("ours, on arrival (no watermark)", scenario, alpha, Margins, Facts.Outcome);
        yield return arriving with { Start = () => new LabelArrival(arriving.Start()) };
    }

    /// <summary>A candidate on several machines.</summary>
    public static IEnumerable<Rule> ByReplica(DetectionScenario scenario, double alpha)
    {
        ImmutableArray<(JointTable, EvidenceBounds)> tables =
        [
            .. Enumerable.Range(0, scenario.Replicas).Select(leftOut =>
            {
                var share = ReplicaTest.ShareWithout(scenario.Stages[0], (double)leftOut / scenario.Replicas);
                var table = Table(scenario with { PlannedShare = share }, Margins, Facts.Outcome);
                return (table, new EvidenceBounds(table.Increments));
            }),
        ];
        yield return new("ours, without each replica", Facts.Outcome, () => new ReplicaDetector(tables, -Math.Log(alpha)));
        yield return Joint("ours, replicas pooled", scenario, alpha, Margins, Facts.Outcome);
    }

    /// <summary>A share that may not be the planned one.</summary>
    public static IEnumerable<Rule> Guarded(DetectionScenario scenario, double alpha)
    {
        var table = Table(scenario, Margins, Facts.Outcome);
        yield return new("ours, guarded", Facts.Outcome, () => new GuardedDetector(table, scenario.PlannedShare!.Value, -Math.Log(alpha)));
        yield return Joint("ours, the table alone", scenario, alpha, Margins, Facts.Outcome);
    }

    /// <summary>Ten monitors that share alpha equally.</summary>
    public static Rule Budgeted(DetectionScenario scenario, double alpha)
    {
        var logThreshold = -Math.Log(alpha / MonitorBits.Count);
        EvidenceBounds[] monitors =
        [
            .. Enumerable.Range(0, MonitorBits.Count).Select(m => new EvidenceBounds(new JointTable(new TableDesign
            {
                Stages = [.. scenario.Stages.Select(x => new TableStage(x, [[MonitorBits.RateOf(m)]]))],
                Margins = [0],
                Spike = 0,
            }).Increments)),
        ];
        return new("ours, ten on one budget", Facts.Outcome, () => new AnyOf(
            [.. monitors.Select(IDetector (bounds) => new TableDetector(bounds, logThreshold, (in SimulatedRequest r) => (r.Tested ? 2 : 0) + (r.IsBad ? 0 : 1)))]));
    }

    /// <summary>Latencies, without a margin: with all of alpha, and with the part of it that the judge gives them.</summary>
    public static IEnumerable<Rule> Latencies(DetectionScenario scenario, double alpha)
    {
        ImmutableArray<double> quantiles = [0, .. HistogramTable.EdgeQuantiles, 1];
        var table = new HistogramTable(scenario.Stages[0], [.. quantiles.Skip(1).Zip(quantiles, (upper, lower) => upper - lower)]);
        var bounds = new EvidenceBounds(table.Increments);
        var bins = HistogramTable.EdgeQuantiles.Length + 1;
        yield return At("ours", -Math.Log(alpha));
        var threshold = new EvidencePlan { Alpha = alpha }.LogLatencyThreshold;
        yield return At("ours, the judge's part of alpha", threshold) with { LogThreshold = threshold };

        Rule At(string name, double logThreshold) => new(name, Facts.Latency, () => new TableDetector(bounds, logThreshold, (in SimulatedRequest r) =>
            (r.Tested ? bins : 0) + HistogramTable.BinOf(r.Latency, RequestStream.LatencyEdges.AsSpan())));
    }

    private static JointTable Table(DetectionScenario scenario, ImmutableArray<double> margins, Facts facts)
    {
        ImmutableArray<ImmutableArray<double>> rates =
            facts == Facts.Outcome ? [[.. V7.Outcomes()[..3]]] : [[.. V7.Outcomes(0)[..3]], [.. V7.Outcomes(1)[..3]]];
        return new(new TableDesign { Stages = [.. scenario.Stages.Select(x => new TableStage(x, rates))], Margins = margins });
    }

    private static Rule Joint(string name, DetectionScenario scenario, double alpha, ImmutableArray<double> margins, Facts facts)
    {
        var table = Table(scenario, margins, facts);
        var bounds = new EvidenceBounds(table.Increments);
        return new(name, facts, () => new TableDetector(bounds, -Math.Log(alpha), (in SimulatedRequest r) =>
            table.CellOf(r.Stage, facts == Facts.Outcome ? 0 : r.Stratum, r.Tested, r.Category)));
    }

    /// <summary>Every combination of flags is a category; combinations of several have a fiftieth of a point of margin.</summary>
    private static Rule AllFlags(DetectionScenario scenario, double alpha)
    {
        const double ofSeveral = 0.0002;
        var table = new JointTable(new TableDesign
        {
            Stages = [.. scenario.Stages.Select(x => new TableStage(x, [[.. V7.Flags(0)[1..]], [.. V7.Flags(1)[1..]]]))],
            Margins = [Margins[0], Margins[1], ofSeveral, Margins[2], ofSeveral, ofSeveral, ofSeveral],
            Flags = [1, 2, 3, 4, 5, 6, 7],
        });
        var bounds = new EvidenceBounds(table.Increments);
        return new("ours, all flags by attack", Facts.FlagsByAttack, () => new TableDetector(bounds, -Math.Log(alpha), (in SimulatedRequest r) =>
            table.CellOf(r.Stage, r.Stratum, r.Tested, r.Flags == 0 ? table.BadCategories : r.Flags - 1)));
    }

    /// <summary>The judge's own table for labelled requests: nine outcomes, strata, and quality's part of alpha.</summary>
    private static Rule Product(DetectionScenario scenario, double alpha)
    {
        var plan = new EvidencePlan { Alpha = alpha };
        var table = ProductTable.Create(scenario, plan);
        var bounds = new EvidenceBounds(table.Increments);
        return new("ours, the judge's own table", Facts.OutcomeByAttack, () => new TableDetector(
            bounds, plan.LogThreshold(EvidenceGroup.Quality), (in SimulatedRequest r) =>
                table.CellOf(r.Stage, r.Stratum, r.Tested, r.Category == 3 ? table.BadCategories : r.Category)));
    }

    private static Rule Ceiling(string name, double alpha, ImmutableArray<double> margins, Facts facts)
    {
        ImmutableArray<ImmutableArray<double>> rates =
            facts == Facts.Outcome ? [[.. V7.Outcomes()[..3]]] : [[.. V7.Outcomes(0)[..3]], [.. V7.Outcomes(1)[..3]]];
        var test = new CeilingTest([.. rates.Select(s => s.Zip(margins, (rate, margin) => rate + margin).ToImmutableArray())], CeilingLevels);
        var bounds = new EvidenceBounds(test.Increments);
        return new(name, facts, () => new TableDetector(bounds, -Math.Log(alpha), (in SimulatedRequest r) =>
            ((facts == Facts.Outcome ? 0 : r.Stratum) * 4) + r.Category));
    }
}
