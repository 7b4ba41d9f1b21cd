using System.Collections.Immutable;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Gives the verdict on a release. The same evidence, contrast, plan and time always give the same one.</summary>
/// <remarks>
/// Only two-arm evidence rolls back, and only when three tests with different assumptions agree: the joint table at 1/alpha,
/// a quiet assignment test, and a confirmation that does not use the planned share. One arm above its ceiling opens an
/// incident; both arms above it say that the world got worse, not the release.
/// </remarks>
public static class Judge
{
    /// <summary>Judges the tested arm of a contrast by everything known so far.</summary>
    public static Judgement Evaluate(AliasEvidence evidence, Contrast contrast, EvidencePlan plan, DateTimeOffset now)
    {
        ImmutableArray<ControlRates> rates = [.. contrast.Stages.Select(s => evidence.RatesFor(s.Key))];
        var tables = evidence.TablesFor(plan, contrast.Stages, rates);
        ImmutableArray<GroupEvidence> groups =
            [.. Enum.GetValues<EvidenceGroup>().Select(g => TwoArms(evidence, contrast, plan, tables.Joint[(int)g], g))];
        var tested = OneArm(evidence, contrast, plan, tables, contrast.Tested);
        var control = OneArm(evidence, contrast, plan, tables, contrast.Control);
        var assignment = contrast.Stages.Sum(s => Assignment(evidence, contrast, s));
        var speaking = groups.MaxBy(g => g.LogE - g.LogThreshold)!;
        var confirmation = speaking.LogE >= Math.Log(plan.Caution) ? Confirmation(evidence, contrast, speaking.Group) : 0;
        var newest = contrast.Stages.Select(s => evidence.Find(s.Key)?.NewestAt).Max();

        var judgement = new Judgement
        {
            Verdict = Verdict.NoData,
            Reason = "",
            Groups = groups,
            Units = tested.Units + control.Units,
            Tested = tested,
            Control = control,
            Shared = control.Ceiling.Alarms,
            AssignmentLogE = assignment,
            ConfirmationLogE = confirmation,
            Offending = ContrastStatistics.Offending(tested, control, plan),
            Difference = ContrastStatistics.Difference(tested, control),
            NewestAt = newest,
            Digest = EvidenceDigest.Of(evidence, contrast, plan, rates),
        };
        var (verdict, reason) = Decide(judgement, speaking, plan, now);
        return judgement with { Verdict = verdict, Reason = reason };
    }

    private static (Verdict Verdict, string Reason) Decide(Judgement j, GroupEvidence speaking, EvidencePlan plan, DateTimeOffset now)
    {
        var worse = j.Offending is { } outcome ? $"{outcome} {Percent(j.Tested, outcome)} against {Percent(j.Control, outcome)}" : "no single outcome";
        return j switch
        {
            // A share that is not the planned one makes every comparison below meaningless.
            _ when j.AssignmentLogE >= -Math.Log(plan.AssignmentAlpha) =>
                (Verdict.BrokenExperiment, "assignment: the arms' sizes do not match the planned share"),
            _ when j.Shared => (Verdict.Inconclusive, j.OneArmAlarm
                ? "shared: both arms are above their ceiling, so the release is not shown to be the cause"
                : "shared: the control itself is above its ceiling"),
            _ when speaking.Crossed && j.ConfirmationLogE < Math.Log(plan.Confirmation) =>
                (Verdict.Inconclusive, $"unconfirmed: worse ({worse}), but only if the planned share is true"),
            _ when speaking.Crossed =>
                (Verdict.Regressed, $"worse than its control by more than the margins: {worse}"),
            _ when j.OneArmAlarm => (Verdict.Inconclusive, "one arm: the release is above its ceiling, and the control is too small to say why"),
            _ when j.NewestAt is null || j.Units < plan.MinUnits
                || j.Tested.Units < plan.MinUnitsPerArm || j.Control.Units < plan.MinUnitsPerArm =>
                (Verdict.NoData, $"too few requests: {j.Tested.Units} tested and {j.Control.Units} control"),
            _ when now - j.NewestAt > plan.Freshness => (Verdict.Stale, $"no evidence since {j.NewestAt:O}"),
            _ when speaking.LogE >= Math.Log(plan.Caution) => (Verdict.Inconclusive, $"suspicious: {worse}"),
            _ => (Verdict.Healthy, "no worse than its control within the margins"),
        };
    }

    private static string Percent(ArmEvidence arm, Outcome outcome) => $"{100 * arm.Rates[(int)outcome]:0.0} %";

    private static GroupEvidence TwoArms(AliasEvidence evidence, Contrast contrast, EvidencePlan plan, JointTable table, EvidenceGroup group)
    {
        var layout = OutcomeLayout.Of(group);
        Span<long> counts = stackalloc long[table.Cells];
        counts.Clear();
        var units = 0L;
        for (var stage = 0; stage < contrast.Stages.Length; stage++)
        {
            if (evidence.Find(contrast.Stages[stage].Key)?.Outcomes(group) is not { } outcomes)
            {
                continue;
            }

            units += outcomes.Total(contrast.Tested) + outcomes.Total(contrast.Control);
            for (var stratum = 0; stratum < CountTable.Strata; stratum++)
            {
                layout.Gather(outcomes.Of(contrast.Control, stratum), counts.Slice(table.CellOf(stage, stratum, tested: false, 0), layout.Categories));
                layout.Gather(outcomes.Of(contrast.Tested, stratum), counts.Slice(table.CellOf(stage, stratum, tested: true, 0), layout.Categories));
            }
        }

        return new(group, table.LogE(counts), plan.LogThreshold(group), units);
    }

    private static ArmEvidence OneArm(AliasEvidence evidence, Contrast contrast, EvidencePlan plan, EvidenceTables tables, Arm arm)
    {
        var counts = new long[Enum.GetValues<Outcome>().Length];
        foreach (var stage in contrast.Stages)
        {
            for (var y = 0; y < counts.Length; y++)
            {
                counts[y] += evidence.Find(stage.Key)?.Outcomes(EvidenceGroup.Quality).Total(arm, y) ?? 0;
            }
        }

        var units = counts.Sum();
        return new(units, [.. counts.Select(n => units == 0 ? 0 : (double)n / units)], Ceiling(evidence, contrast, plan, tables, arm));
    }

    private static CeilingEvidence Ceiling(AliasEvidence evidence, Contrast contrast, EvidencePlan plan, EvidenceTables tables, Arm arm)
    {
        if (tables.Ceiling is not { } ceiling || evidence.Find(contrast.Stages[^1].Key) is not { } stage)
        {
            return CeilingEvidence.None;
        }

        var layout = OutcomeLayout.Of(EvidenceGroup.Quality);
        var detector = new CeilingDetector(ceiling.Test);
        Span<long> counts = stackalloc long[ceiling.Test.Cells];
        foreach (var epoch in stage.History(EvidenceGroup.Quality).Epochs)
        {
            Gather(epoch.Counts, counts);
            detector.Add(counts);
        }

        Gather(stage.Outcomes(EvidenceGroup.Quality), counts);
        var sinceStart = ceiling.Test.LogE(counts);
        return new(sinceStart, detector.LogValue, sinceStart >= -Math.Log(plan.Alpha) || detector.LogValue >= Math.Log(plan.DetectorThreshold));

        void Gather(CountTable from, Span<long> to)
        {
            to.Clear();
            for (var s = 0; s < ceiling.Strata.Length; s++)
            {
                layout.Gather(from.Of(arm, ceiling.Strata[s]), to.Slice(s * layout.Categories, layout.Categories));
            }
        }
    }

    private static double Assignment(AliasEvidence evidence, Contrast contrast, ContrastStage stage)
    {
        if (evidence.Find(stage.Key)?.Outcomes(EvidenceGroup.Form) is not { } counts)
        {
            return 0;
        }

        return AssignmentTest.LogE(
            [counts.Total(contrast.Tested), counts.Total(contrast.Control)], [stage.TestedShare, 1 - stage.TestedShare]);
    }

    /// <summary>The share-free evidence over blocks that end once both arms have a few requests: never cut by an outcome.</summary>
    private static double Confirmation(AliasEvidence evidence, Contrast contrast, EvidenceGroup group)
    {
        const int fewest = 20;
        const int fewestPerArm = 2;
        var layout = OutcomeLayout.Of(group);
        var test = new OddsRatioTest(layout.Bad.Length, OddsRatioTest.DefaultRatios);
        var control = new long[CountTable.Strata, layout.Categories];
        var tested = new long[CountTable.Strata, layout.Categories];
        foreach (var stage in contrast.Stages)
        {
            Clear();
            foreach (var epoch in evidence.Find(stage.Key)?.History(group).Epochs ?? [])
            {
                long n1 = 0, n0 = 0;
                for (var s = 0; s < CountTable.Strata; s++)
                {
                    layout.Gather(epoch.Counts.Of(contrast.Control, s), Row(control, s));
                    layout.Gather(epoch.Counts.Of(contrast.Tested, s), Row(tested, s));
                    n1 += Sum(Row(tested, s));
                    n0 += Sum(Row(control, s));
                }

                if (n1 >= fewestPerArm && n0 >= fewestPerArm && n1 + n0 >= fewest)
                {
                    for (var s = 0; s < CountTable.Strata; s++)
                    {
                        test.Add(Row(control, s), Row(tested, s));
                    }

                    Clear();
                }
            }
        }

        return test.LogE;

        Span<long> Row(long[,] table, int stratum) =>
            System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref table[stratum, 0], layout.Categories);

        void Clear()
        {
            Array.Clear(control);
            Array.Clear(tested);
        }
    }

    private static long Sum(ReadOnlySpan<long> counts)
    {
        var sum = 0L;
        foreach (var n in counts)
        {
            sum += n;
        }

        return sum;
    }
}
