using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>The merged facts of one assignment epoch (a 250 ms bucket) of one gateway for one stage.</summary>
/// <remarks>
/// <para>
/// A request belongs to the bucket in which it was <em>assigned</em>, and a bucket is shipped once, whole: when the answer of
/// its last request ended (<see cref="EvidenceGroup.Form"/>), or when its last request was labelled or the label deadline
/// passed (<see cref="EvidenceGroup.Quality"/>). Shipping early because something looks bad would break the guarantee.
/// </para>
/// <para>
/// Requests assigned while the candidate's lease had run out are no evidence and must not be counted: their arms were not
/// drawn with the shares of the stage.
/// </para>
/// </remarks>
/// <param name="Bucket">Number of the bucket: <see cref="BucketOf"/> of the time of assignment.</param>
public sealed record EpochCounts(EvidenceKey Key, long Bucket, EvidenceGroup Group, ImmutableArray<CountCell> Cells)
{
    /// <summary>How long the requests took; of the form group alone.</summary>
    public ImmutableArray<LatencyCell> Latencies { get; init; } = [];

    /// <summary>
    /// How many of the baseline's requests that were drawn for its first half had each <see cref="Outcome"/>; of the quality group
    /// alone, and empty when none was.
    /// </summary>
    public ImmutableArray<long> FirstHalf { get; init; } = [];

    /// <summary>
    /// How its answers were scored; shipped by themselves, in the quality group and without cells, when the label deadline passed.
    /// </summary>
    public ImmutableArray<ScoreCell> Scores { get; init; } = [];

    /// <summary>Length of a bucket.</summary>
    public const int BucketMilliseconds = 250;

    /// <summary>The bucket of a request assigned at this time.</summary>
    public static long BucketOf(DateTimeOffset assignedAt) =>
        Math.DivRem(assignedAt.ToUnixTimeMilliseconds(), BucketMilliseconds).Quotient;

    /// <summary>When the bucket began.</summary>
    public static DateTimeOffset StartOf(long bucket) => DateTimeOffset.FromUnixTimeMilliseconds(bucket * BucketMilliseconds);
}

/// <summary>The counts of one arm and stratum within a bucket.</summary>
/// <param name="Stratum">1 when the input checks flagged the request as an attack, else 0.</param>
/// <param name="Outcomes">
/// How many requests had each <see cref="Outcome"/>, indexed by it. In the form group a delivered answer is counted as
/// <see cref="Outcome.Unlabelled"/>.
/// </param>
/// <param name="Served">How many requests were served each way, indexed by <see cref="Evidence.Served"/>.</param>
/// <param name="Replica">Which replica of the assigned release answered or failed to, by <see cref="ReplicaTest.NumberOf"/>; 0 when none is known.</param>
public sealed record CountCell(Arm Arm, int Stratum, ImmutableArray<long> Outcomes, ImmutableArray<long> Served, int Replica = 0);

/// <summary>Latencies of one arm and replica within a bucket, by bin of <see cref="LatencyCounts"/>; only those that occurred.</summary>
public sealed record LatencyCell(Arm Arm, int Replica, ImmutableArray<int> Bins, ImmutableArray<long> Counts);

/// <summary>What a gateway ships every flush. (gateway, start, sequence) names a batch for ever.</summary>
/// <param name="StartId">New at every start of the gateway process.</param>
/// <param name="Sequence">Rises by one with every batch of this start.</param>
public sealed record SignalBatch(string GatewayId, string StartId, long Sequence, ImmutableArray<EpochCounts> Epochs)
{
    /// <summary>What copies of requests showed since the last batch.</summary>
    public ImmutableArray<ShadowSums> Shadows { get; init; } = [];

    /// <summary>The different units that stages have had up to now, where there were new ones.</summary>
    public ImmutableArray<StageUnits> Units { get; init; } = [];
}

/// <summary>The different units that were in the baseline of a stage.</summary>
public sealed record StageUnits(EvidenceKey Key, Sketches.DistinctSketch Baseline);
