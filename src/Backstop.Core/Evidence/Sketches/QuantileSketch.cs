namespace Backstop.Core.Evidence.Sketches;

/// <summary>Quantiles of non-negative values with a relative error, from integer counts: merging is adding.</summary>
/// <remarks>
/// A DDSketch (Masson, Rim and Lee, VLDB 2019): value v falls into bin ⌈log v / log γ⌉ with γ = (1 + a)/(1 − a), so every value
/// of a bin is within the relative accuracy a of the one that stands for it. When the bins would span more than
/// <see cref="MostBins"/>, the lowest are summed into one: high quantiles keep their error, low ones may lose it. Any order
/// of adding and merging gives the same counts.
/// </remarks>
public sealed class QuantileSketch
{
    /// <summary>With 2 % accuracy 802 bins span a nanosecond to a day.</summary>
    public const int MostBins = 1024;

    private readonly double _logGamma;
    private long[] _bins = [];
    private int _first;

    /// <summary>An empty sketch.</summary>
    /// <param name="relativeAccuracy">0.001 to 0.2. 0.02 by default.</param>
    public QuantileSketch(double relativeAccuracy = 0.02)
    {
        if (relativeAccuracy is not (>= 0.001 and <= 0.2))
        {
            throw new ArgumentOutOfRangeException(
                nameof(relativeAccuracy), relativeAccuracy, "The relative accuracy of a quantile sketch must lie between 0.001 and 0.2.");
        }

        RelativeAccuracy = relativeAccuracy;
        Gamma = (1 + relativeAccuracy) / (1 - relativeAccuracy);
        _logGamma = Math.Log(Gamma);
    }

    /// <summary>The largest relative error of a quantile that was not collapsed.</summary>
    public double RelativeAccuracy { get; }

    /// <summary>Ratio of neighbouring bins' edges.</summary>
    public double Gamma { get; }

    /// <summary>How many values were zero, or too small to tell from it (below 1e-9).</summary>
    public long ZeroCount { get; private set; }

    /// <summary>How many values there are.</summary>
    public long Count { get; private set; }

    /// <summary>Number of the first bin in <see cref="Bins"/>.</summary>
    public int FirstBin => _first;

    /// <summary>Counts of consecutive bins, from <see cref="FirstBin"/> on.</summary>
    public ReadOnlySpan<long> Bins => _bins;

    /// <summary>Adds equal values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is negative or not finite, or the count is not positive.</exception>
    public void Add(double value, long count = 1)
    {
        if (value is not (>= 0 and < double.PositiveInfinity))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "A quantile sketch takes finite values of 0 or more.");
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        const double smallest = 1e-9;
        if (value < smallest)
        {
            ZeroCount += count;
            Count += count;
        }
        else
        {
            AddBin((int)Math.Ceiling(Math.Log(value) / _logGamma), count);
        }
    }

    /// <summary>Adds another sketch of the same accuracy.</summary>
    /// <exception cref="ArgumentException">The accuracies differ.</exception>
    public void Merge(QuantileSketch other)
    {
        if (other.RelativeAccuracy != RelativeAccuracy)
        {
            throw new ArgumentException($"A sketch of accuracy {other.RelativeAccuracy} cannot be added to one of {RelativeAccuracy}.", nameof(other));
        }

        ZeroCount += other.ZeroCount;
        Count += other.ZeroCount;

        // From the top, so that the span is known before the low bins come.
        for (var i = other._bins.Length - 1; i >= 0; i--)
        {
            if (other._bins[i] > 0)
            {
                AddBin(other._first + i, other._bins[i]);
            }
        }
    }

    /// <summary>The value below which a share <paramref name="q"/> of all values lies, or null when there are none.</summary>
    /// <param name="q">0 to 1.</param>
    public double? Quantile(double q)
    {
        if (Count == 0)
        {
            return null;
        }

        var rank = (long)(Math.Clamp(q, 0, 1) * (Count - 1));
        if (rank < ZeroCount)
        {
            return 0;
        }

        var below = ZeroCount;
        var bin = -1;
        while (below <= rank)
        {
            below += _bins[++bin];
        }

        return 2 * Math.Exp((_first + bin) * _logGamma) / (Gamma + 1);
    }

    /// <summary>Adds to a bin by its number; also the way to fill a sketch that was stored or received.</summary>
    internal void AddBin(int bin, long count)
    {
        Count += count;
        if (_bins.Length == 0)
        {
            (_first, _bins) = (bin, new long[1]);
        }
        else if (bin >= _first + _bins.Length)
        {
            Grow(Math.Max(_first, bin - MostBins + 1), bin);
        }
        else if (bin < _first)
        {
            Grow(Math.Max(bin, _first + _bins.Length - MostBins), _first + _bins.Length - 1);
        }

        _bins[Math.Max(bin - _first, 0)] += count;
    }

    private void Grow(int first, int last)
    {
        var grown = new long[last - first + 1];
        for (var i = 0; i < _bins.Length; i++)
        {
            grown[Math.Max(_first + i - first, 0)] += _bins[i];
        }

        (_first, _bins) = (first, grown);
    }
}
