namespace Backstop.Simulation.Detectors;

/// <summary>The evidence of a count table while requests come in, and whether it has reached its threshold.</summary>
/// <remarks>
/// Two bounds make 100,000 looks affordable and change no answer. No cell can raise the evidence by more than its largest
/// increment, so the components are not touched until the requests since the last sum could have carried it to the threshold.
/// And the sum over the components is only formed when the largest of them could reach it.
/// </remarks>
public sealed class RunningEvidence
{
    private const int Groups = EvidenceBounds.Groups;

    private readonly EvidenceBounds _bounds;
    private readonly double _logThreshold;
    private readonly double _far;
    private readonly double[] _logs;
    private readonly long[] _pending;
    private readonly double[] _most = new double[Groups];

    /// <summary>No request yet.</summary>
    public RunningEvidence(EvidenceBounds bounds, double logThreshold)
    {
        (_bounds, _logThreshold, _far) = (bounds, logThreshold, logThreshold - Math.Log(Groups));
        _logs = bounds.Table.LogWeights.ToArray();
        _pending = new long[bounds.Table.Cells];
        Bound();
    }

    /// <summary>Counts one request of a cell; true when the evidence is at the threshold now.</summary>
    public bool Reaches(int cell)
    {
        _pending[cell]++;
        var rises = _bounds.Of(cell);
        var far = true;
        for (var g = 0; g < Groups; g++)
        {
            _most[g] += rises[g];
            far &= _most[g] < _far;
        }

        return !far && ReachesNow();
    }

    /// <summary>Whether the evidence could be at the threshold after any of these requests, in any order; they are not counted.</summary>
    public bool CouldReach(ReadOnlySpan<long> counts)
    {
        if (IsFar(counts))
        {
            return false;
        }

        // Bounds get loose with every block that is passed over.
        Sum();
        return !IsFar(counts);
    }

    private bool IsFar(ReadOnlySpan<long> counts)
    {
        Span<double> most = stackalloc double[Groups];
        _most.CopyTo(most);
        for (var cell = 0; cell < counts.Length; cell++)
        {
            if (counts[cell] == 0)
            {
                continue;
            }

            var rises = _bounds.Of(cell);
            for (var g = 0; g < Groups; g++)
            {
                most[g] += counts[cell] * Math.Max(0, rises[g]);
            }
        }

        var far = true;
        foreach (var m in most)
        {
            far &= m < _far;
        }

        return far;
    }

    /// <summary>Counts requests of which <see cref="CouldReach"/> said no.</summary>
    public void PassOver(ReadOnlySpan<long> counts)
    {
        for (var cell = 0; cell < counts.Length; cell++)
        {
            if (counts[cell] == 0)
            {
                continue;
            }

            _pending[cell] += counts[cell];
            var rises = _bounds.Of(cell);
            for (var g = 0; g < Groups; g++)
            {
                _most[g] += counts[cell] * rises[g];
            }
        }
    }

    /// <summary>Counts many requests at once, without a look in between.</summary>
    public void Add(ReadOnlySpan<long> counts)
    {
        _bounds.Table.Add(counts, _logs);
        Bound();
    }

    private bool ReachesNow()
    {
        Sum();
        return _most.Max() >= _far && LogSum() >= _logThreshold;
    }

    private void Sum()
    {
        _bounds.Table.Add(_pending, _logs);
        Array.Clear(_pending);
        Bound();
    }

    // Each group of components is at most its largest times their number.
    private void Bound()
    {
        Array.Fill(_most, double.NegativeInfinity);
        for (var j = 0; j < _logs.Length; j++)
        {
            ref var most = ref _most[_bounds.GroupOf(j)];
            most = Math.Max(most, _logs[j]);
        }

        for (var g = 0; g < Groups; g++)
        {
            _most[g] += _bounds.LogSize(g);
        }
    }

    private double LogSum()
    {
        var most = double.NegativeInfinity;
        foreach (var log in _logs)
        {
            most = Math.Max(most, log);
        }

        var sum = 0.0;
        foreach (var log in _logs)
        {
            sum += Math.Exp(log - most);
        }

        return most + Math.Log(sum);
    }
}
