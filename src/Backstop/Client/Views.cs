using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Client;

// What the control plane's REST API says, as its callers see it. Kept apart from the server's own types on purpose: a
// change of the API that would break a script breaks here first.

public sealed record ReleaseView(string Name, string Digest, DateTimeOffset CreatedAt, JsonElement? Manifest);

public sealed record DiffView(string[] Components, DifferenceView[] Differences);

public sealed record DifferenceView(string Component, string Path, JsonElement? Before, JsonElement? After)
{
    public string[] Lines { get; init; } = [];
}

public record ComponentName(string Kind, string Name, int Version, string Digest, DateTimeOffset CreatedAt);

public sealed record ComponentView(
    string Kind, string Name, int Version, string Digest, DateTimeOffset CreatedAt, JsonElement Content, JsonElement? Lineage)
    : ComponentName(Kind, Name, Version, Digest, CreatedAt);

public sealed record AliasPromptView(
    string Alias, long Generation, Named Release, ComponentName? Component, MessageView[] Messages, bool IsTemplate, Dictionary<string, VariableView> Variables)
{
    /// <summary>The prompt as a manifest writes it.</summary>
    public string ToPrompt() => JsonSerializer.Serialize(
        IsTemplate ? (object)new { Messages, Variables = Variables.ToDictionary(v => v.Key, v => new { v.Value.Default, v.Value.Example }) }
        : new { System = Messages is [var only] ? only.Content : null },
        ControlClient.Json);
}

public sealed record MessageView(string Role, string Content);

public sealed record VariableView(bool Required, string? Description, JsonElement? Default, JsonElement? Example);

public sealed record Named(string Name, string Digest);

public sealed record NewAlias(string Name, string Release)
{
    public bool? CaptureSamples { get; init; }

    public int? LabelDeadlineMs { get; init; }

    public int? CandidateLeaseMs { get; init; }
}

public sealed record AliasView(string Name, long Epoch, long Generation, Named Current)
{
    public Named? Candidate { get; init; }

    public int CandidateBasisPoints { get; init; }

    public Named? Previous { get; init; }

    public int HoldbackBasisPoints { get; init; }

    public Named[] Quarantined { get; init; } = [];

    public bool IsVerified { get; init; }

    public PinView? Pin { get; init; }

    public FreezeView[] Freezes { get; init; } = [];

    public DrillView? Drill { get; init; }

    public JsonElement? Monitor { get; init; }

    public GatewayAck[] Gateways { get; init; } = [];

    public RolloutView? Rollout { get; init; }

    public JudgementView? Judgement { get; init; }
}

public sealed record DrillView(
    string Id, string Phase, bool Passed, string? Failed, int BasisPoints, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, double? WarmMs,
    SegmentsView Away, SegmentsView Back);

public sealed record SegmentsView(double? CommittedMs, double? ConvergedMs, double? ObservedMs);

public sealed record PinView(string By, string Reason, DateTimeOffset At);

public sealed record FreezeView(DateTimeOffset From, DateTimeOffset Until, string Reason, bool EveryWeek);

public sealed record GatewayAck(string Id, long Generation, DateTimeOffset? AckedAt);

/// <param name="LogE">Evidence that the tested release is worse, in nats; a rollback needs <paramref name="Threshold"/>.</param>
public sealed record SelfComparisonView(long Comparisons, long RequestsEach, long AboveTen, long AboveHundred, long FalseAlarms);

public sealed record JudgementView(string Verdict, string? Reason, long Units, LogE? LogE, double? Threshold, bool OneArmAlarm)
{
    /// <summary>The place in the release's list of the replica that alone is to blame, or null.</summary>
    public int? SickReplica { get; init; }
}

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

    public long Generation { get; init; }

    public DateTimeOffset? Since { get; init; }

    /// <summary>Whether nothing more will happen by itself.</summary>
    public bool IsOver => Status is "completed" or "rolled_back" or "rejected" or "superseded";
}

public sealed record ForecastView(string? Refused, Named? ReturnsTo, string? PlanDigest, ForecastStep[] AtBest, ForecastStep[] InSilence);

public sealed record ForecastStep(DateTimeOffset At, string Status, int BasisPoints, string? Text);

public sealed record IncidentView(string Id, string Alias, string Status, DateTimeOffset OpenedAt)
{
    public string? Severity { get; init; }

    public Named? Release { get; init; }

    /// <summary>Whether two-arm evidence says the release did it; null while nobody knows.</summary>
    public bool? ReleaseToBlame { get; init; }

    /// <summary>Probability of each explanation: none, release, shared, compound.</summary>
    public Dictionary<string, double>? Pattern { get; init; }

    /// <summary><c>helps</c>, <c>does_not_help</c> or <c>inconclusive</c>.</summary>
    public string? Rollback { get; init; }

    public SuspectView[] Suspects { get; init; } = [];

    /// <summary>The cause that is named; null when none is probable enough.</summary>
    public string? Cause { get; init; }

    public MitigationView? Mitigation { get; init; }

    public string? NextAction { get; init; }

    /// <summary>What requests bring with them that they did not before.</summary>
    public string? Inputs { get; init; }

    public ContainmentView[] Containments { get; init; } = [];

    public ChangeView[] Changes { get; init; } = [];

    public string[] Components { get; init; } = [];

    public DifferenceView[] Differences { get; init; } = [];

    public TimelineView? Timeline { get; init; }

    public Dictionary<string, double?>? SegmentsMs { get; init; }

    public long? RequestsToDetect { get; init; }

    public string? Reason { get; init; }

    public string? GateId { get; init; }

    public int? Samples { get; init; }

    public string? AcknowledgedBy { get; init; }

    public string? AssignedTo { get; init; }

    public CommentView[] Comments { get; init; } = [];
}

public sealed record CommentView(DateTimeOffset At, string By, string Text);

public sealed record SuspectView(string Suspect, double Probability, string Because);

/// <summary>A rule at the gateways that was put in force against an incident.</summary>
/// <param name="Helped">Whether failures went back to what they were; null while nobody knows.</param>
public sealed record ContainmentView(string Words, DateTimeOffset At, string By, bool? Helped, string? Because);

public sealed record MitigationView(string First, string Second, string Expected);

public sealed record ChangeView(DateTimeOffset At, string[] Parts, string What)
{
    /// <summary>The signal that an alert says has moved; null for a change.</summary>
    public string? Alert { get; init; }
}

public sealed record TimelineView
{
    public DateTimeOffset? Onset { get; init; }

    public DateTimeOffset? Detected { get; init; }

    public DateTimeOffset? Decided { get; init; }

    public DateTimeOffset? Swapped { get; init; }

    public DateTimeOffset? Converged { get; init; }

    public DateTimeOffset? Verified { get; init; }
}

public sealed record GateView(string Id, string Alias)
{
    public string? IncidentId { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public int? Cases { get; init; }

    public int? SamplesPerCase { get; init; }

    public int? FailIfMoreThan { get; init; }

    public string? State { get; init; }

    public string? Owner { get; init; }

    public DateTimeOffset? ReviewBy { get; init; }

    public RateView? GoodFailRate { get; init; }

    public RateView? BadFailRate { get; init; }

    public string? CasesDigest { get; init; }
}

public sealed record RateView(double Estimate);

/// <summary>What was learnt and the proof that it works: a gate that the bad release fails and the good one passes, or a monitor.</summary>
public sealed record GateProof(string? GateId, bool? BlocksBad, bool? PassesGood)
{
    public GateResult? Bad { get; init; }

    public GateResult? Good { get; init; }

    public int? FailIfMoreThan { get; init; }

    /// <summary>Set where no release carries the fault and no gate could stop it.</summary>
    public MonitorView? Monitor { get; init; }
}

public sealed record MonitorView(string MonitorId, string State, string Words);

public sealed record GateResult(int Runs, int Failures)
{
    public bool? Passed { get; init; }

    public string? Reason { get; init; }
}

public sealed record JournalEntry(long Sequence, DateTimeOffset At, string? Alias, long? Generation)
{
    public string? Kind { get; init; }

    public string? Actor { get; init; }

    public string? Reason { get; init; }
}

/// <param name="Flaw">Where the chain of hashes breaks, or null.</param>
public sealed record JournalCheck(bool Intact, long Entries, string? Flaw);

/// <summary>An alias's traffic policy, with releases by name.</summary>
public sealed record TrafficView(long Generation, JsonObject Policy);

public sealed record NewKey(string Name, string[] Scopes)
{
    public string[]? Aliases { get; init; }

    public long? ExpiresInSeconds { get; init; }
}

public sealed record KeyView(string Prefix, string Name, string[] Scopes, string[] Aliases, DateTimeOffset CreatedAt)
{
    public string? CreatedBy { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public string? ReplacedBy { get; init; }
}

/// <param name="Key">The whole key; no later answer holds it.</param>
public sealed record NewKeyView(string Key, KeyView Made);

/// <param name="Because">The decision that made the current release current.</param>
public sealed record AliasAtView(string Name, DateTimeOffset At, long Epoch, long Generation, Named Current, JournalEntry Last, JournalEntry? Because)
{
    public Named? Candidate { get; init; }

    public int CandidateBasisPoints { get; init; }

    public Named? Previous { get; init; }

    public int HoldbackBasisPoints { get; init; }
}

/// <param name="LeftAt">Since when it is away; null while it is connected, and when nobody saw it leave.</param>
public sealed record GatewayView(string Id, string Zone, bool Connected, DateTimeOffset SeenAt, DateTimeOffset? LeftAt);

public sealed record ForgottenGateway(string Gateway, string Reason);

/// <summary>Somebody who is told of incidents.</summary>
public sealed record ReceiverView(string Name, string To, string Least, string[] Aliases);

/// <summary>Whether a test arrived.</summary>
public sealed record TestView(string Name, bool Arrived)
{
    public string? Why { get; init; }
}
