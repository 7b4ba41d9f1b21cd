namespace Backstop.Core.Evidence.Scores;

/// <summary>What the scores of one name say about the tested arm.</summary>
/// <param name="Name">Whose.</param>
/// <param name="LogE">Natural logarithm of the e-value that it is scored worse by more than the margin; 0 when that is not judged.</param>
/// <param name="LogThreshold">At or above this it rolls back; null when it is not judged.</param>
/// <param name="IsUneven">Whether the arms' answers are not scored in the shares that were planned: the evidence is then not acted on.</param>
/// <param name="Replicas">What is left of the evidence without any one replica, once it reached the threshold.</param>
public sealed record ScoreEvidence(
    string Name, double LogE, double? LogThreshold, bool IsUneven, ReplicaVerdict? Replicas, ArmScore Tested, ArmScore Control)
{
    /// <summary>What both arms' scores were since they are drawn in the present shares: only there are the arms of the same time.</summary>
    public ScoredLately? Lately { get; init; }

    /// <summary>Whether the threshold is reached by evidence that may be acted on.</summary>
    public bool Crossed => !IsUneven && LogE >= LogThreshold;

    /// <summary>Whether it is reached without any one replica too.</summary>
    public bool Blames => Crossed && Replicas?.LeastLogE >= LogThreshold;
}

/// <summary>One arm's scores.</summary>
/// <param name="Units">How many answers have one.</param>
/// <param name="Mean">On average, in the score's own unit; null when there are none.</param>
public sealed record ArmScore(long Units, double? Mean)
{
    /// <summary>The same where the best value is 0 and the worst 1.</summary>
    public double? Badness { get; init; }
}

/// <summary>Both arms' scores of one stretch of time.</summary>
public sealed record ScoredLately(ArmScore Tested, ArmScore Control);
