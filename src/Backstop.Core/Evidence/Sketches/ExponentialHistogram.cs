namespace Backstop.Core.Evidence.Sketches;

/// <summary>A histogram with bins of equal ratio, as OpenTelemetry defines it: merging is adding, after halving the finer one.</summary>
/// <remarks>
/// At scale s the base is 2^(2^-s) and bin i holds the values in (base^i, base^(i+1)]. When the bins would span more than
/// <see cref="MostBins"/>, the scale falls and neighbours are summed, which is exact: bins of one scale nest in those of the
/// next. Any order of adding and merging ends in the same bins, because the scale depends only on the least and the largest
/// value seen and on the coarsest scale merged.
/// </remarks>
public sealed class ExponentialHistogram
{
    /// <summary>The number of bins that OpenTelemetry's SDKs keep.</summary>
    public const int MostBins = 160;

    /// <summary>The finest scale to begin with: a relative error far below one in a million.</summary>
    public const int FinestScale = 20;

    /// <summary>The coarsest scale: one bin then spans everything that a double can hold.</summary>
    public const int CoarsestScale = -10;

    private readonly SortedDictionary<int, long> _bins = [];

    /// <summary>An empty histogram.</summary>
    public ExponentialHistogram(int scale = FinestScale)
    {
        if (scale is < CoarsestScale or > FinestScale)
        {
            throw new ArgumentOutOfRangeException(nameof(scale), scale, $"The scale of a histogram must lie between {CoarsestScale} and {FinestScale}.");
        }

        Scale = scale;
    }

    /// <summary>The base of the bins is 2^(2^-scale).</summary>
    public int Scale { get; private set; }

    /// <summary>How many values were zero.</summary>
    public long ZeroCount { get; private set; }

    /// <summary>How many values there are.</summary>
    public long Count { get; private set; }

    /// <summary>Number of the first bin of <see cref="BucketCounts"/>; 0 when there is none.</summary>
    public int Offset => _bins.Count == 0 ? 0 : _bins.First().Key;

    /// <summary>Counts of consecutive bins from <see cref="Offset"/> on.</summary>
    public long[] BucketCounts =>
        _bins.Count == 0 ? [] : [.. Enumerable.Range(Offset, _bins.Last().Key - Offset + 1).Select(i => _bins.GetValueOrDefault(i))];

    /// <summary>The histogram that another program sent.</summary>
    /// <param name="offset">Number of the first bin of <paramref name="bucketCounts"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative, or the scale is none.</exception>
    public static ExponentialHistogram Of(int scale, long zeroCount, int offset, ReadOnlySpan<long> bucketCounts)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(zeroCount);
        var histogram = new ExponentialHistogram(Math.Min(scale, FinestScale)) { ZeroCount = zeroCount, Count = zeroCount };
        for (var i = 0; i < bucketCounts.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(bucketCounts[i], nameof(bucketCounts));
            histogram.AddBin((offset + i) >> Math.Max(0, scale - FinestScale), bucketCounts[i]);
        }

        return histogram;
    }

    /// <summary>Adds equal values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is negative or not finite, or the count is not positive.</exception>
    public void Add(double value, long count = 1)
    {
        if (value is not (>= 0 and < double.PositiveInfinity))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "This histogram takes finite values of 0 or more.");
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (value == 0)
        {
            ZeroCount += count;
            Count += count;
            return;
        }

        // At a coarse scale the exponent alone decides, exactly; a power of two belongs to the bin below it.
        var exponent = Math.ILogB(value);
        var bin = value == Math.ScaleB(1, exponent) ? ((exponent << FinestScale) - 1) : BinAtFinest(value, exponent);
        AddBin(bin >> (FinestScale - Scale), count);
    }

    /// <summary>Adds another histogram; the coarser of the two scales stays.</summary>
    public void Merge(ExponentialHistogram other)
    {
        Coarsen(Math.Max(0, Scale - other.Scale));
        ZeroCount += other.ZeroCount;
        Count += other.ZeroCount;
        foreach (var (bin, count) in other._bins.ToArray())
        {
            // Adding a bin may coarsen this further, and the rest of the other with it.
            AddBin(bin >> (other.Scale - Scale), count);
        }
    }

    /// <summary>The value below which a share <paramref name="q"/> of all values lies, or null when there are none.</summary>
    /// <remarks>The geometric middle of its bin: within half the bin's ratio of the truth.</remarks>
    /// <param name="q">0 to 1.</param>
    public double? Quantile(double q)
    {
        if (Count == 0)
        {
            return null;
        }

        var rank = (long)(Math.Clamp(q, 0, 1) * (Count - 1));
        var below = ZeroCount;
        if (rank < below)
        {
            return 0;
        }

        foreach (var (bin, count) in _bins)
        {
            below += count;
            if (rank < below)
            {
                return Math.Pow(2, (bin + 0.5) * Math.ScaleB(1, -Scale));
            }
        }

        throw new InvalidOperationException("The counts of the bins and their total differ.");
    }

    private static int BinAtFinest(double value, int exponent)
    {
        var bins = (int)Math.ScaleB(Math.Log2(Math.ScaleB(value, -exponent)), FinestScale);
        return (exponent << FinestScale) + Math.Min(bins, (1 << FinestScale) - 1);
    }

    private void AddBin(int bin, long count)
    {
        if (count == 0)
        {
            return;
        }

        Count += count;
        if (_bins.Count > 0)
        {
            var (low, high) = (Math.Min(bin, _bins.First().Key), Math.Max(bin, _bins.Last().Key));
            var steps = 0;
            while ((long)(high >> steps) - (low >> steps) >= MostBins)
            {
                steps++;
            }

            Coarsen(steps);
            bin >>= steps;
        }

        _bins[bin] = _bins.GetValueOrDefault(bin) + count;
    }

    private void Coarsen(int steps)
    {
        if (steps == 0)
        {
            return;
        }

        Scale -= steps;
        var fine = _bins.ToArray();
        _bins.Clear();
        foreach (var (bin, count) in fine)
        {
            _bins[bin >> steps] = _bins.GetValueOrDefault(bin >> steps) + count;
        }
    }
}
