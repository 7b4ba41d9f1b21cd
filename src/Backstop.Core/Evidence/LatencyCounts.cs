namespace Backstop.Core.Evidence;

/// <summary>How many answers took how long, in bins of one ratio: merging is adding.</summary>
/// <remarks>
/// Bin i holds what took more than 2^(i/16) and at most 2^((i+1)/16) milliseconds, as an exponential histogram of OpenTelemetry
/// does at scale 4: every value is known to 4.4 %. The first bin also holds what was faster, the last what never came.
/// </remarks>
public sealed class LatencyCounts() : BinCounts(LatencyCounts.Bins)
{
    /// <summary>Bins to a doubling.</summary>
    public const int PerDoubling = 16;

    /// <summary>How many bins there are: the last value that is told apart is 17 minutes.</summary>
    public const int Bins = 20 * PerDoubling;

    /// <summary>The bin of a request that got no answer.</summary>
    public const int Never = Bins - 1;

    /// <summary>The bin of a latency.</summary>
    public static int BinOf(TimeSpan latency) =>
        latency <= TimeSpan.FromMilliseconds(1) ? 0
            : Math.Min(Never - 1, (int)Math.Ceiling(PerDoubling * Math.Log2(latency.TotalMilliseconds)) - 1);

    /// <summary>How many bins longer what takes 1 + <paramref name="excess"/> times as long is, rounded up.</summary>
    public static int BinsOf(double excess) => (int)Math.Ceiling((PerDoubling * Math.Log2(1 + excess)) - 1e-9);

    /// <summary>The bin up to which a share of the requests lies.</summary>
    public int BinAt(double quantile) => BinOfRank(quantile * Total);

    /// <summary>The bin up to which so many requests lie; the last when there are not so many.</summary>
    public int BinOfRank(double rank)
    {
        var counts = All;
        var (bin, below) = (0, counts[0]);
        while (bin < Never && below < rank)
        {
            below += counts[++bin];
        }

        return bin;
    }

    /// <summary>What a bin's latencies lie between, in milliseconds; null for what never came.</summary>
    public static Bounds? EdgesOf(int bin) =>
        bin == Never ? null : new(bin == 0 ? 0 : Math.Pow(2, (double)bin / PerDoubling), Math.Pow(2, (bin + 1.0) / PerDoubling));

    /// <summary>The latency that a share of the requests had at most, in milliseconds: the middle of its bin; null when it never came.</summary>
    public double? MillisecondsAt(double quantile) =>
        BinAt(quantile) is var bin && bin < Never && Total > 0 ? Math.Pow(2, (bin + 0.5) / PerDoubling) : null;
}
