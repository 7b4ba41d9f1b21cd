using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;

namespace Backstop.Core.Evidence;

/// <summary>A verdict with everything it rests on.</summary>
public sealed record Judgement
{
    /// <summary>The verdict.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Why, in words for the record and the operator.</summary>
    public required string Reason { get; init; }

    /// <summary>Whether both arms are degraded together: the release is not to blame.</summary>
    public bool Shared { get; init; }

    /// <summary>The two-arm evidence of each group.</summary>
    public required ImmutableArray<GroupEvidence> Groups { get; init; }

    /// <summary>Requests of both arms judged so far: those of the quality group, or of the form group where it convicts before most labels are there.</summary>
    public required long Units { get; init; }

    /// <summary>How long the arms took; null when nothing is known.</summary>
    public LatencyEvidence? Latency { get; init; }

    /// <summary>What the scores of the plan say, in its order.</summary>
    public ImmutableArray<ScoreEvidence> Scores { get => field.IsDefault ? [] : field; init; }

    /// <summary>The tested arm.</summary>
    public required ArmEvidence Tested { get; init; }

    /// <summary>The control arm.</summary>
    public required ArmEvidence Control { get; init; }

    /// <summary>Evidence, in nats, that the arms' sizes do not match the planned share.</summary>
    public required double AssignmentLogE { get; init; }

    /// <summary>Evidence, in nats, that the arms differ, without any use of the planned share. Formed once a group reached its threshold; 0 before.</summary>
    public required double ConfirmationLogE { get; init; }

    /// <summary>Evidence, in nats, that remains when any one replica of the tested arm is left out. Formed once a group reached its threshold; null before.</summary>
    public double? LeastLogE { get; init; }

    /// <summary>The number of the replica that alone is to blame (<see cref="ReplicaTest.NumberOf"/>), or null.</summary>
    public int? SickReplica { get; init; }

    /// <summary>The outcome that speaks most against the tested arm, or null when none does.</summary>
    public Outcome? Offending { get; init; }

    /// <summary>How well the rates are known; null where nobody looks.</summary>
    public ContrastBounds? Bounds { get; init; }

    /// <summary>Whether the tested arm alone is above its ceiling, and not because of one machine. Opens an incident; blames nobody.</summary>
    public bool OneArmAlarm => Tested.Ceiling.Alarms && SickReplica is null;

    /// <summary>When the newest bucket of the stages ended.</summary>
    public DateTimeOffset? NewestAt { get; init; }

    /// <summary>SHA-256, in lower-case hex, of the counts, the rates and the plan: whoever has them can judge again.</summary>
    public required string Digest { get; init; }
}

/// <summary>Two-arm evidence of one group.</summary>
/// <param name="LogE">Natural logarithm of the e-value that the tested arm is worse than the margins allow.</param>
/// <param name="LogThreshold">At or above this it rolls back.</param>
/// <param name="Units">Requests of both arms it rests on.</param>
public sealed record GroupEvidence(EvidenceGroup Group, double LogE, double LogThreshold, long Units)
{
    /// <summary>Whether the threshold is reached.</summary>
    public bool Crossed => LogE >= LogThreshold;
}

/// <summary>What one arm did.</summary>
/// <param name="Units">Its requests in the quality group, or in the form group where that convicts before most labels are there.</param>
/// <param name="Rates">By <see cref="Outcome"/>: its share of the requests; all 0 when there are none.</param>
public sealed record ArmEvidence(long Units, ImmutableArray<double> Rates, CeilingEvidence Ceiling)
{
    /// <summary>Share of requests that failed: <see cref="Outcomes.IsFailure"/>.</summary>
    public double FailureRate => Rates.Where((_, y) => ((Outcome)y).IsFailure()).Sum();
}

/// <summary>One arm against the ceiling that history sets.</summary>
/// <param name="LogE">Evidence since the stage began, in nats.</param>
/// <param name="LogDetector">The change detector's value, in nats: evidence since the best moment for a change.</param>
/// <param name="Alarms">Whether either reached its threshold.</param>
public sealed record CeilingEvidence(double LogE, double LogDetector, bool Alarms)
{
    /// <summary>No ceiling, for want of history.</summary>
    public static CeilingEvidence None { get; } = new(0, 0, Alarms: false);
}
