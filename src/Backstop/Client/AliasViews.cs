using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Gates;

namespace Backstop.Client;

public sealed record NewAlias(string Name, string Release)
{
    public bool? CaptureSamples { get; init; }

    public int? LabelDeadlineMs { get; init; }

    public int? CandidateLeaseMs { get; init; }
}

/// <summary>A suite that a release must have passed, as it is declared.</summary>
public sealed record NewRequiredGate(string Gate)
{
    public string? Digest { get; init; }

    public double WithinHours { get; init; } = RequiredGate.UsualHours;
}

/// <summary>A suite that a release must have passed.</summary>
public sealed record RequiredGateView(string Gate, string? Digest, double WithinHours);

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

    public RequiredGateView[] RequiredGates { get; init; } = [];

    public StandbyView? Standby { get; init; }

    /// <summary>What is kept warm beside current and previous.</summary>
    public KeptView[] KeptWarm { get; init; } = [];

    /// <summary>What is done on the live route for a time.</summary>
    public AliasMitigation[] Mitigations { get; init; } = [];

    public DrillView? Drill { get; init; }

    /// <summary>How old a passed drill may be for a rollout to begin; null when none is asked for.</summary>
    public double? DrillEveryHours { get; init; }

    /// <summary>Share of the drills that begin by themselves; null when only people begin them.</summary>
    public int? DrillBasisPoints { get; init; }

    public JsonElement? Monitor { get; init; }

    public BudgetView? Budget { get; init; }

    public GatewayAck[] Gateways { get; init; } = [];

    public RolloutView? Rollout { get; init; }

    public JudgementView? Judgement { get; init; }
}

public sealed record DrillView(
    string Id, string Phase, bool Passed, string? Failed, int BasisPoints, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, double? WarmMs,
    SegmentsView Away, SegmentsView Back);

public sealed record BudgetView(double FalseRollbacksPerMonth, double Spent, double Left, int Rollouts);

public sealed record SegmentsView(double? CommittedMs, double? ConvergedMs, double? ObservedMs);

/// <summary>The release to return to, as it showed itself last.</summary>
public sealed record StandbyView(
    string Release, int Replicas, DateTimeOffset At, string? Failed, double? BornePerSecond, double WantedPerSecond, DateTimeOffset? WarmSince, double? ReplicaHours);

public sealed record KeptView(string Release, string[] At, DateTimeOffset? AskedAt, string? Failed);

public sealed record AliasMitigation(string Id, string Kind, string Words, string By, string Reason, DateTimeOffset At, DateTimeOffset Until);

public sealed record PinView(string By, string Reason, DateTimeOffset At);

public sealed record FreezeView(DateTimeOffset From, DateTimeOffset Until, string Reason, bool EveryWeek);

public sealed record SelfComparisonView(
    long Comparisons, long RequestsEach, long AboveTen, long AboveHundred, long FalseAlarms, double Units = 0, double? RequestsPerUnit = null);

public sealed record DriftView(double Threshold, double FalseAlarmsPerMonth)
{
    public DriftStreamView[] Streams { get; init; } = [];
}

public sealed record DriftStreamView(
    string Signal, string What, string State, double? LogE, DateTimeOffset? Since, ReadingView Reference, ReadingView? Now, double? StabilityIndex);

public sealed record ReadingView(double N, double? Share, double? Mean, double? Deviation);

/// <summary>An alias's traffic policy, with releases by name.</summary>
public sealed record TrafficView(long Generation, JsonObject Policy);

/// <param name="Because">The decision that made the current release current.</param>
public sealed record AliasAtView(string Name, DateTimeOffset At, long Epoch, long Generation, Named Current, JournalEntry Last, JournalEntry? Because)
{
    public Named? Candidate { get; init; }

    public int CandidateBasisPoints { get; init; }

    public Named? Previous { get; init; }

    public int HoldbackBasisPoints { get; init; }
}
