using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;

namespace Backstop.Core.Evidence;

/// <summary>Gives the verdict on a release. The same evidence, contrast, plan and time always give the same one.</summary>
/// <remarks>
/// Only two-arm evidence rolls back, and only when three tests with different assumptions agree: the joint table at 1/alpha,
/// a quiet assignment test, and a confirmation that does not use the planned share. Where the tested release runs on several
/// replicas it must be worse without any one of them. One arm above its ceiling opens an incident; both arms above it say
/// that the world got worse, not the release.
/// </remarks>
public static class Judge
{
    private static readonly EvidenceGroup[] AllGroups = Enum.GetValues<EvidenceGroup>();

    /// <summary>Judges the tested arm of a contrast by everything known so far.</summary>
    public static Judgement Evaluate(AliasEvidence evidence, Contrast contrast, EvidencePlan plan, DateTimeOffset now)
    {
        var look = Look.At(evidence, contrast, plan);
        ImmutableArray<GroupEvidence> groups = [.. AllGroups.Select(look.TwoArms)];
        var speaking = groups.MaxBy(g => g.LogE - g.LogThreshold)!;

        // A release may be caught by what everybody saw of its answers before most labels are there: then that is what is told of it.
        var isEarly = speaking.Crossed && 2 * groups[(int)EvidenceGroup.Quality].Units < speaking.Units;
        var told = isEarly ? speaking.Group : EvidenceGroup.Quality;
        var (tested, control) = (look.OneArm(contrast.Tested, told), look.OneArm(contrast.Control, told));
        ReplicaVerdict? replicas = speaking.Crossed ? Replicas.Judge(look, speaking.Group) : null;
        var latency = Latencies.Judge(look);
        var scores = ScoreLook.Judge(look);

        var judgement = new Judgement
        {
            Verdict = Verdict.NoData,
            Reason = "",
            Groups = groups,
            Units = tested.Units + control.Units,
            Tested = tested,
            Control = control,
            Shared = control.Ceiling.Alarms,
            AssignmentLogE = look.Assignment(),
            ConfirmationLogE = speaking.Crossed ? Confirmation.LogE(look, speaking.Group) : 0,
            LeastLogE = replicas?.LeastLogE,
            SickReplica = replicas?.Sick ?? latency?.Replicas?.Sick ?? scores.Select(s => s.Crossed ? s.Replicas?.Sick : null).FirstOrDefault(sick => sick is not null),
            Latency = latency,
            Scores = scores,
            Offending = ContrastStatistics.Offending(tested, control, plan),
            NewestAt = look.NewestAt,
            Digest = EvidenceDigest.Of(look),
        };
        var (verdict, reason) = Decide(judgement, speaking, plan, now);
        return judgement with { Verdict = verdict, Reason = reason };
    }

    private static (Verdict Verdict, string Reason) Decide(Judgement j, GroupEvidence speaking, EvidencePlan plan, DateTimeOffset now)
    {
        return j switch
        {
            // A share that is not the planned one makes every comparison below meaningless.
            _ when j.AssignmentLogE >= -Math.Log(plan.AssignmentAlpha) =>
                (Verdict.BrokenExperiment, "assignment: the arms' sizes do not match the planned share"),
            _ when j.Shared => (Verdict.Inconclusive, j.OneArmAlarm
                ? "shared: both arms are above their ceiling, so the release is not shown to be the cause"
                : "shared: the control itself is above its ceiling"),
            _ when speaking.Crossed && j.ConfirmationLogE < Math.Log(plan.Confirmation) =>
                (Verdict.Inconclusive, $"unconfirmed: worse ({Worse(j)}), but only if the planned share is true"),
            _ when speaking.Crossed && j.LeastLogE >= speaking.LogThreshold =>
                (Verdict.Regressed, $"worse than its control by more than the margins: {Worse(j)}"),
            { Latency: { Crossed: true } slow } when slow.Replicas?.LeastLogE >= slow.LogThreshold && slow.ConfirmationLogE >= Math.Log(plan.Confirmation) =>
                (Verdict.Regressed, $"slower than its control by more than the margin: {Slower(slow)}"),
            _ when j.Scores.FirstOrDefault(s => s.Blames) is { } score =>
                (Verdict.Regressed, $"scored worse than its control by more than the margin: {Scored(score)}"),
            { SickReplica: { } sick } => (Verdict.Inconclusive,
                $"replica: number {sick} alone is {Alone(j, speaking.Crossed ? Worse(j) : null)}; without it nothing speaks against the release"),
            _ when speaking.Crossed => (Verdict.Inconclusive, $"one replica: worse ({Worse(j)}), but without one of its replicas that is not shown yet"),
            { Latency: { Crossed: true } slow } when slow.Replicas?.LeastLogE >= slow.LogThreshold =>
                (Verdict.Inconclusive, $"unconfirmed: slower ({Slower(slow)}), but only if the planned share is true"),
            { Latency: { Crossed: true } slow } =>
                (Verdict.Inconclusive, $"one replica: slower ({Slower(slow)}), but without one of its replicas that is not shown yet"),
            _ when j.Scores.FirstOrDefault(s => s.Crossed) is { } score =>
                (Verdict.Inconclusive, $"one replica: scored worse ({Scored(score)}), but without one of its replicas that is not shown yet"),
            _ when j.OneArmAlarm => (Verdict.Inconclusive, "one arm: the release is above its ceiling, and the control is too small to say why"),
            _ when j.NewestAt is null || j.Units < plan.MinUnits
                || j.Tested.Units < plan.MinUnitsPerArm || j.Control.Units < plan.MinUnitsPerArm =>
                (Verdict.NoData, $"too few requests: {j.Tested.Units} tested and {j.Control.Units} control"),
            _ when now - j.NewestAt > plan.Freshness => (Verdict.Stale, $"no evidence since {j.NewestAt:O}"),
            _ when j.Latency is { LogThreshold: not null } slow && slow.LogE >= Math.Log(plan.Caution) => (Verdict.Inconclusive, $"suspicious: slower ({Slower(slow)})"),
            _ when j.Scores.FirstOrDefault(s => !s.IsUneven && s.LogThreshold is not null && s.LogE >= Math.Log(plan.Caution)) is { } score =>
                (Verdict.Inconclusive, $"suspicious: scored worse ({Scored(score)})"),
            _ when speaking.LogE >= Math.Log(plan.Caution) => (Verdict.Inconclusive, $"suspicious: {Worse(j)}"),
            _ => (Verdict.Healthy, "no worse than its control within the margins"),
        };
    }

    private static string Worse(Judgement j) =>
        j.Offending is { } outcome ? $"{outcome} {Percent(j.Tested, outcome)} against {Percent(j.Control, outcome)}" : "no single outcome";

    private static string Alone(Judgement j, string? worse) => worse is not null ? $"worse ({worse})"
        : j.Latency is { Crossed: true } slow ? $"slower ({Slower(slow)})"
        : $"scored worse ({Scored(j.Scores.First(s => s.Crossed))})";

    private static string Scored(ScoreEvidence score) =>
        FormattableString.Invariant($"{score.Name} {score.Tested.Mean:0.###} against {score.Control.Mean:0.###}");

    private static string Slower(LatencyEvidence slow) =>
        $"median {Milliseconds(slow.Tested.P50)} against {Milliseconds(slow.Control.P50)}, 95 % {Milliseconds(slow.Tested.P95)} against {Milliseconds(slow.Control.P95)}";

    private static string Milliseconds(double? value) => value is { } ms ? $"{ms:0} ms" : "never";

    private static string Percent(ArmEvidence arm, Outcome outcome) => $"{100 * arm.Rates[(int)outcome]:0.0} %";
}
