namespace Backstop.Core.Evidence;

/// <summary>How many of something fell into each of a few bins: merging is adding.</summary>
/// <param name="bins">How many bins there are.</param>
public abstract class BinCounts(int bins)
{
    private readonly long[] _counts = new long[bins];

    /// <summary>All counts, by bin.</summary>
    public ReadOnlySpan<long> All => _counts;

    /// <summary>How many there are.</summary>
    public long Total { get; private set; }

    /// <summary>Adds some to a bin.</summary>
    public void Add(int bin, long count)
    {
        _counts[bin] += count;
        Total += count;
    }

    /// <summary>Adds to many bins, to each as many as stand at its place.</summary>
    public void Add(ReadOnlySpan<int> bins, ReadOnlySpan<long> counts)
    {
        var total = 0L;
        for (var i = 0; i < bins.Length; i++)
        {
            _counts[bins[i]] += counts[i];
            total += counts[i];
        }

        Total += total;
    }

    /// <summary>Adds all of others with the same bins.</summary>
    public void Add(BinCounts others)
    {
        for (var bin = 0; bin < _counts.Length; bin++)
        {
            _counts[bin] += others._counts[bin];
        }

        Total += others.Total;
    }

    /// <summary>Halves what is long past until so many are left at most.</summary>
    internal void Fade(long most) => Total = Fade(_counts, most);

    /// <summary>Halves counts, rounding down, until so many are left at most. Returns how many are.</summary>
    internal static long Fade(Span<long> counts, long most)
    {
        while (true)
        {
            var total = 0L;
            foreach (var n in counts)
            {
                total += n;
            }

            if (total <= most)
            {
                return total;
            }

            foreach (ref var n in counts)
            {
                n /= 2;
            }
        }
    }
}
