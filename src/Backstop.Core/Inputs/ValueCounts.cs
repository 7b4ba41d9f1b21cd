using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Backstop.Core.Inputs;

/// <summary>How many values fell where, in bins of one ratio on both sides of zero: merging is adding, in any order.</summary>
/// <remarks>
/// Sixteen bins to a doubling, as <see cref="Evidence.LatencyCounts"/> has them: a value is known to 4.4 %. What is closer to zero than
/// a millionth counts as zero, and what is beyond 10^13 as that. Bins rise with the values, so quantiles are sums.
/// </remarks>
public sealed class ValueCounts
{
    private const int PerDoubling = 16;
    private const int Doublings = 64;
    private const int SmallestDoubling = -20;

    private readonly Dictionary<int, long> _counts = [];

    /// <summary>The bin farthest from zero, on either side.</summary>
    public const int Last = PerDoubling * Doublings;

    /// <summary>How many values there are.</summary>
    public long Total { get; private set; }

    /// <summary>The bins that are not empty, by rising value.</summary>
    public ImmutableArray<ValueBin> Bins => [.. _counts.OrderBy(c => c.Key).Select(c => new ValueBin(c.Key, c.Value))];

    /// <summary>The bin of a finite value: 0 around zero, below it negative.</summary>
    public static int BinOf(double value)
    {
        var size = Math.Abs(value);
        return size < Math.ScaleB(1, SmallestDoubling)
            ? 0
            : Math.Sign(value) * Math.Clamp((int)Math.Floor(PerDoubling * (Math.Log2(size) - SmallestDoubling)) + 1, 1, Last);
    }

    /// <summary>Adds values to a bin.</summary>
    public void Add(ValueBin bin)
    {
        _counts[bin.Bin] = _counts.GetValueOrDefault(bin.Bin) + bin.Count;
        Total += bin.Count;
    }

    /// <summary>The highest bins of the shares of values that are asked for; each once, so there may be fewer.</summary>
    public ImmutableArray<int> EdgesAt(IEnumerable<double> quantiles)
    {
        var edges = ImmutableArray.CreateBuilder<int>();
        var (bins, place, below) = (Bins, -1, 0L);
        foreach (var quantile in quantiles)
        {
            while (below < quantile * Total)
            {
                below += bins[++place].Count;
            }

            // An edge above which nothing lies parts nothing.
            if (place >= 0 && place < bins.Length - 1 && (edges.Count == 0 || edges[^1] != bins[place].Bin))
            {
                edges.Add(bins[place].Bin);
            }
        }

        return edges.ToImmutable();
    }
}

/// <summary>How many values fell into a bin of <see cref="ValueCounts"/>.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ValueBin(int Bin, long Count);
