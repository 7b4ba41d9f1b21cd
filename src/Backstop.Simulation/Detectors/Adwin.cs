using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>ADWIN (Bifet and Gavaldà, 2007) on the tested arm's failure bit, with its usual confidence of 0.002.</summary>
/// <remarks>
/// It keeps a window as an exponential histogram and drops the older part when the two parts' means differ by more than chance;
/// that is an alarm here when the newer part is worse. One arm, so whatever happens to everyone looks like the release.
/// </remarks>
public sealed class Adwin : IDetector
{
    private const double Confidence = 0.002;
    private const int PerRow = 5;
    private const int Cadence = 32;
    private const int Fewest = 5;
    private const int Rows = 40;

    // Row r holds up to five buckets of 2^r requests each, oldest first; their sums of failures.
    private readonly double[] _sums = new double[Rows * (PerRow + 1)];
    private readonly int[] _buckets = new int[Rows];
    private double _width;
    private double _total;
    private int _seen;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        if (!request.Tested)
        {
            return default;
        }

        Insert(request.IsBad ? 1 : 0);
        return Reaction.RollBackIf(++_seen % Cadence == 0 && _width > 2 * Fewest && IsWorseThanBefore());
    }

    private void Insert(double value)
    {
        _width++;
        _total += value;
        for (var row = 0; ; row++)
        {
            var buckets = Row(row);
            buckets[_buckets[row]++] = value;
            if (_buckets[row] <= PerRow)
            {
                return;
            }

            // The two oldest become one bucket of the next row.
            value = buckets[0] + buckets[1];
            buckets[2..].CopyTo(buckets);
            _buckets[row] -= 2;
        }
    }

    private bool IsWorseThanBefore()
    {
        double older = 0, olderSum = 0;
        var variance = _total / _width * (1 - (_total / _width));
        var log = Math.Log(2 * Math.Log(_width) / Confidence);
        for (var row = Rows - 1; row >= 0; row--)
        {
            for (var i = 0; i < _buckets[row]; i++)
            {
                older += 1L << row;
                olderSum += Row(row)[i];
                var newer = _width - older;
                if (older < Fewest || newer < Fewest)
                {
                    continue;
                }

                var rise = ((_total - olderSum) / newer) - (olderSum / older);
                var m = (1 / (older - Fewest + 1)) + (1 / (newer - Fewest + 1));
                if (rise > Math.Sqrt(2 * m * variance * log) + (2.0 / 3 * m * log))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private Span<double> Row(int row) => _sums.AsSpan(row * (PerRow + 1), PerRow + 1);
}
