namespace Backstop.Core.Evidence;

/// <summary>How long the arms took, and whether the tested one takes longer.</summary>
/// <param name="LogE">Natural logarithm of the e-value that it does by more than the margin; 0 when that is not judged.</param>
/// <param name="LogThreshold">At or above this it rolls back; null when latency is not judged, by the plan or for want of history.</param>
/// <param name="Replicas">What is left of the evidence without any one replica, once it reached the threshold.</param>
public sealed record LatencyEvidence(double LogE, double? LogThreshold, ReplicaVerdict? Replicas, ArmLatency Tested, ArmLatency Control)
{
    /// <summary>Evidence, in nats, that the tested arm takes longer, without any use of the planned share. Formed once the threshold is reached; 0 before.</summary>
    public double ConfirmationLogE { get; init; }

    /// <summary>Whether the threshold is reached.</summary>
    public bool Crossed => LogE >= LogThreshold;
}

/// <summary>Latencies of one arm in milliseconds, each known to 4.4 %; null where an answer never came.</summary>
public sealed record ArmLatency(long Units, double? P50, double? P95, double? P99)
{
    /// <summary>From counts.</summary>
    public static ArmLatency Of(LatencyCounts counts) =>
        new(counts.Total, counts.MillisecondsAt(.5), counts.MillisecondsAt(.95), counts.MillisecondsAt(.99));
}
