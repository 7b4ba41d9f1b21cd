using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Control.Rollouts;
using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Incidents;
using Backstop.Core.Registry;

namespace Backstop.Control.Api;

// What the API answers. Names are what people read, digests are what counts, so releases are shown with both.

public sealed record ReleaseName(string Name, string Digest);

public sealed record ReleaseView(string Name, string Digest, DateTimeOffset CreatedAt, JsonElement? Manifest = null);

public sealed record DiffView(ImmutableArray<string> Components, ImmutableArray<DifferenceView> Differences);

/// <param name="Lines">What changed line by line where both are long texts: <c>-</c>, <c>+</c> or a space, and the line; else nothing.</param>
public sealed record DifferenceView(string Component, string Path, JsonElement? Before, JsonElement? After, ImmutableArray<string> Lines)
{
    /// <summary>The view of a difference.</summary>
    public static DifferenceView Of(Difference d) => new(d.Component, d.Path, Json(d.Before), Json(d.After), [.. d.Lines().Select(l => l.Sign + l.Text)]);

    private static JsonElement? Json(string? text) => text is null ? null : JsonElement.Parse(text);
}

public sealed record AliasView(
    string Name,
    long Epoch,
    long Generation,
    ReleaseName Current,
    ReleaseName? Candidate,
    int CandidateBasisPoints,
    ReleaseName? Previous,
    int HoldbackBasisPoints,
    bool IsVerified,
    AliasPin? Pin,
    ImmutableArray<FreezeWindow> Freezes,
    ImmutableArray<RequiredGateView> RequiredGates,
    DrillView? Drill,
    StandbyView? Standby,
    ImmutableArray<MitigationView> Mitigations,
    double? DrillEveryHours,
    int? DrillBasisPoints,
    MonitorView? Monitor,
    ImmutableArray<ReleaseName> Quarantined,
    bool CaptureSamples,
    long LabelDeadlineMs,
    long CandidateLeaseMs,
    ImmutableArray<GatewayView> Gateways,
    RolloutView? Rollout,
    JudgementView? Judgement) : ITagged
{
    /// <summary>What false rollbacks may cost here; null in a list, where it is not added up.</summary>
    public BudgetView? Budget { get; init; }

    /// <summary>What is kept warm beside current and previous.</summary>
    public ImmutableArray<KeptView> KeptWarm { get; init; } = [];

    string ITagged.Tag => StateTag.Of(Epoch, Generation);
}

/// <summary>False rollbacks that may be expected in thirty days.</summary>
/// <param name="FalseRollbacksPerMonth">At most.</param>
/// <param name="Spent">By the rollouts of the last thirty days: the sum of their alphas.</param>
/// <param name="Rollouts">How many there were.</param>
public sealed record BudgetView(double FalseRollbacksPerMonth, double Spent, double Left, int Rollouts);

public sealed record RequiredGateView(string Gate, string? Digest, double WithinHours);

/// <summary>The release to return to, as it showed itself last.</summary>
/// <param name="Failed">Why a rollback could not lead there now, or null.</param>
/// <param name="BornePerSecond">Requests it answered in a second beside what it served, in a burst that ended when it was enough.</param>
/// <param name="WantedPerSecond">Requests a second that a rollback would send there beside those it serves.</param>
/// <param name="WarmSince">Since when it is kept warm beside current; null when no rollout put it there.</param>
/// <param name="ReplicaHours">What that has cost so far.</param>
public sealed record StandbyView(
    string Release, int Replicas, DateTimeOffset At, string? Failed, double? BornePerSecond, double WantedPerSecond, DateTimeOffset? WarmSince, double? ReplicaHours);

public sealed record GatewayView(string Id, long Generation, DateTimeOffset? AckedAt);

public sealed record RolloutView(
    string Id,
    string Alias,
    string Status,
    int Step,
    int Steps,
    string? Reason,
    string? Abort,
    ReleaseName Candidate,
    ReleaseName Baseline,
    long Generation,
    bool Contained,
    bool Paused,
    string? Waits,
    string? Withheld,
    long WatchedMs,
    string? SupersededBy,
    DateTimeOffset SubmittedAt,
    DateTimeOffset Since,
    Timeline Timeline,
    string? IncidentId,
    ShadowView? Shadow) : ITagged
{
    /// <summary>What the evidence says while it is compared with what it replaces; null in an alias, where it stands beside.</summary>
    public JudgementView? Judgement { get; init; }

    /// <summary>See <see cref="StateTag"/>; a header and not a member of the answer.</summary>
    internal string State { get; init; } = "";

    string ITagged.Tag => State;
}

/// <summary>What copies of requests to the candidate showed; no user saw an answer.</summary>
/// <param name="Worse">Copies that failed or were blocked where the user's answer was neither.</param>
/// <param name="Better">The other way round.</param>
/// <param name="Agreement">Mean word agreement, 0 to 1.</param>
/// <param name="Slowdown">How much longer copies took than users waited, as a share.</param>
/// <param name="LengthChange">How much longer the answers are, as a share; below 0 when shorter.</param>
/// <param name="LogE">Evidence that copies fare worse, in nats; a rollback needs <paramref name="Threshold"/>.</param>
public sealed record ShadowView(
    string Verdict, string Reason, long Copies, long Dropped, long Failed, long SameVerdict, long Worse, long Better,
    double Agreement, double Slowdown, double LengthChange, double LogE, double Threshold)
{
    /// <summary>The view of a judgement.</summary>
    internal static ShadowView Of(ShadowJudgement judgement)
    {
        var seen = judgement.Seen;
        return new(
            JsonNamingPolicy.SnakeCaseLower.ConvertName(judgement.Verdict.ToString()), judgement.Reason, seen.Copies, seen.Dropped, seen.Failed, seen.SameVerdict,
            seen.Worse, seen.Better, seen.Agreement, seen.Slowdown, seen.LengthChange, judgement.LogE, judgement.LogThreshold);
    }
}

public sealed record JudgementView(
    string Verdict,
    string Reason,
    bool Shared,
    long Units,
    GroupValues LogE,
    double Threshold,
    GroupValues Thresholds,
    bool OneArmAlarm,
    ArmView Tested,
    ArmView Control,
    string? Offending,
    int? SickReplica,
    LatencyView? Latency,
    ImmutableArray<ScoreView> Scores,
    string Digest)
{
    /// <summary>Of the failure rates, tested − control, with bounds of 95 % that hold however often one looks.</summary>
    public DifferenceBounds? Difference { get; init; }
}

/// <summary>Comparisons of the baseline with itself that are over, and in how many the evidence reached 10 and 100 without margins, and a rollback's threshold with them.</summary>
/// <param name="Units">Different units in the baseline of the present stage, estimated to 3.3 %; 0 while nothing is known.</param>
/// <param name="RequestsPerUnit">The baseline's requests over them; null while nothing is known. Where it is much above 1 and alarms are too many, requests of one unit resemble each other.</param>
public sealed record SelfComparisonView(
    long Comparisons, long RequestsEach, long AboveTen, long AboveHundred, long FalseAlarms, double Units, double? RequestsPerUnit)
{
    /// <summary>The view of what the baseline showed.</summary>
    /// <param name="stage">The present one; null while there is no evidence of it.</param>
    public static SelfComparisonView Of(SelfComparison seen, StageEvidence? stage)
    {
        var units = stage?.BaselineUnits.Estimate() ?? 0;
        var requests = stage?.Outcomes(EvidenceGroup.Form).Total(Core.Routing.Arm.Baseline) ?? 0;
        return new(
            seen.Comparisons, SelfComparison.Length, seen.AboveTen, seen.AboveHundred, seen.FalseAlarms, Math.Round(units),
            units > 0 && requests > 0 ? requests / units : null);
    }
}

/// <summary>How long the arms took, in milliseconds; the threshold is null where latency is shown and not judged.</summary>
public sealed record LatencyView(double LogE, double? Threshold, ArmLatency Tested, ArmLatency Control)
{
    /// <summary>Bounds of 95 % of the tested arm's quantiles; null where they may be an answer that never came.</summary>
    public LatencyBounds? TestedBounds { get; init; }

    /// <summary>Those of the control's.</summary>
    public LatencyBounds? ControlBounds { get; init; }
}

/// <summary>How the arms' answers were scored, each mean in the score's own unit; the threshold is null where it is shown and not judged.</summary>
/// <param name="Uneven">Whether the arms' answers are not scored in the planned shares, so that nothing is concluded.</param>
public sealed record ScoreView(string Name, double LogE, double? Threshold, bool Uneven, ArmScore Tested, ArmScore Control)
{
    /// <summary>Bounds of 95 % of the tested arm's mean.</summary>
    public Bounds? TestedBounds { get; init; }

    /// <summary>Those of the control's.</summary>
    public Bounds? ControlBounds { get; init; }
}

public sealed record GroupValues(double Form, double Quality);

public sealed record ArmView(long Units, double FailureRate, ImmutableSortedDictionary<string, double> Rates)
{
    /// <summary>Bounds of 95 % of the failure rate that hold however often one looks.</summary>
    public Bounds? FailureRateBounds { get; init; }

    /// <summary>By outcome: those of its rate.</summary>
    public ImmutableSortedDictionary<string, Bounds>? RateBounds { get; init; }
}

public sealed record JournalView(
    long Sequence,
    DateTimeOffset At,
    string Kind,
    string Actor,
    string? Alias,
    long? Generation,
    string Reason,
    JsonElement? Before,
    JsonElement? After,
    string PreviousHash,
    string Hash);

public sealed record JournalCheck(bool Intact, long Entries, string? Flaw);
