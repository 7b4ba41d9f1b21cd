using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Is shown epochs as they close: <see cref="EpochCounts"/> piece by piece, of which nothing needs to be made.</summary>
/// <remarks>
/// Where each of ten thousand aliases closes some epochs a second, objects for each cell and each row of numbers are most of what observing
/// a request costs. What is shown is gone when the call returns.
/// </remarks>
public interface IEpochSink
{
    /// <summary>Whether it has enough for now: then it is shown no further stage.</summary>
    bool IsFull { get; }

    /// <summary>An epoch closed in one group; what follows until <see cref="End"/> is its own, in the order of the methods.</summary>
    /// <param name="bucket">Its <see cref="EpochCounts.Bucket"/>.</param>
    void Begin(in EvidenceKey key, long bucket, EvidenceGroup group);

    /// <summary>A <see cref="CountCell"/>.</summary>
    void Cell(Arm arm, int stratum, int replica, ReadOnlySpan<long> outcomes, ReadOnlySpan<long> served);

    /// <summary>A <see cref="LatencyCell"/>.</summary>
    void Latencies(BinRun bins);

    /// <summary>Its <see cref="EpochCounts.FirstHalf"/>, if there is any.</summary>
    void FirstHalf(ReadOnlySpan<long> outcomes);

    /// <summary>A <see cref="ScoreCell"/>.</summary>
    void Scores(string name, BinRun steps);

    /// <summary>That was all of it.</summary>
    void End();
}

/// <summary>Counts by bin of one arm's requests from the replicas of one number, 0 for those of which none is known; in order, and only bins with counts.</summary>
public readonly ref struct BinRun
{
    private readonly ReadOnlySpan<KeyedCounts.Entry> _entries;
    private readonly int _mask;

    internal BinRun(Arm arm, int replica, ReadOnlySpan<KeyedCounts.Entry> entries, int mask)
    {
        (Arm, Replica, _mask) = (arm, replica, mask);
        _entries = entries;
    }

    public Arm Arm { get; }

    public int Replica { get; }

    /// <summary>How many bins there are.</summary>
    public int Length => _entries.Length;

    /// <summary>One of them.</summary>
    public (int Bin, int Count) this[int index] => (_entries[index].Key & _mask, _entries[index].Count);
}
