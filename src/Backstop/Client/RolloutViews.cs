using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Client;

/// <param name="LogE">Evidence that the tested release is worse, in nats; a rollback needs <paramref name="Threshold"/>.</param>
public sealed record JudgementView(string Verdict, string? Reason, long Units, LogE? LogE, double? Threshold, bool OneArmAlarm)
{
    /// <summary>The place in the release's list of the replica that alone is to blame, or null.</summary>
    public int? SickReplica { get; init; }

    public ArmView? Tested { get; init; }

    public ArmView? Control { get; init; }

    public RateDifferenceView? Difference { get; init; }
}

/// <summary>What one arm did.</summary>
public sealed record ArmView(long Units, double FailureRate, BoundsView? FailureRateBounds);

/// <summary>Bounds of 95 % that hold however often one looks.</summary>
public sealed record BoundsView(double Lower, double Upper);

/// <summary>A difference of failure rates, tested − control, with such bounds.</summary>
public sealed record RateDifferenceView(double Estimate, double Lower, double Upper);

/// <param name="Form">From what is known when the answer ends.</param>
/// <param name="Quality">From what is known when the answer is labelled.</param>
public sealed record LogE(double Form, double Quality);

public sealed record StepPlan(int BasisPoints, long DwellMs, long MinUnits);

public sealed record PlanRequest(StepPlan[] Steps)
{
    public int? HoldbackBasisPoints { get; init; }

    public int? ContainmentBasisPoints { get; init; }

    public long? BakeMs { get; init; }

    public long? HeldDeadlineMs { get; init; }

    public long? ConvergenceDeadlineMs { get; init; }

    public long? VerifyWindowMs { get; init; }

    public long? CoolDownMs { get; init; }

    public JsonNode ToJson() => JsonSerializer.SerializeToNode(this, ControlClient.Json)!;
}

public sealed record NewRollout(string Release)
{
    /// <summary>A <see cref="PlanRequest"/>, or whatever else the API takes as a plan.</summary>
    public JsonNode? Plan { get; init; }

    public bool? Supersede { get; init; }

    public JsonObject? Evidence { get; init; }
}

public sealed record RolloutView(string Id, string Alias, string Status)
{
    /// <summary>Counted from 0; -1 before the first share.</summary>
    public int Step { get; init; }

    public int Steps { get; init; }

    public bool Paused { get; init; }

    public string? Waits { get; init; }

    public string? Withheld { get; init; }

    public long? WatchedMs { get; init; }

    public string? SupersededBy { get; init; }

    public string? Reason { get; init; }

    public Named? Candidate { get; init; }

    public Named? Baseline { get; init; }

    /// <summary>What copies of requests showed; null when there were none.</summary>
    public ShadowView? Shadow { get; init; }

    /// <summary>What the evidence says while it is compared; null where nothing is.</summary>
    public JudgementView? Judgement { get; init; }

    public long Generation { get; init; }

    public DateTimeOffset? Since { get; init; }

    public DateTimeOffset? SubmittedAt { get; init; }

    /// <summary>When the rollback's parts happened, as far as they did.</summary>
    public TimelineView? Timeline { get; init; }

    /// <summary>Whether nothing more will happen by itself.</summary>
    public bool IsOver => Status is "completed" or "rolled_back" or "rejected" or "superseded";
}

/// <summary>What copies of requests to the candidate showed, of which no user saw an answer.</summary>
public sealed record ShadowView(
    string Verdict, string Reason, long Copies, long Dropped, long Failed, long SameVerdict, long Worse, long Better,
    double Agreement, double Slowdown, double LengthChange, double LogE, double Threshold);

public sealed record ForecastView(string? Refused, Named? ReturnsTo, string? PlanDigest, ForecastStep[] AtBest, ForecastStep[] InSilence);

public sealed record ForecastStep(DateTimeOffset At, string Status, int BasisPoints, string? Text);
