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

    /// <summary>Counts many requests at once, without a look in between.</summary>
    public void Add(ReadOnlySpan<long> counts)
    {
        _bounds.Table.Add(counts, _logs);
        Bound();
    }

    private bool ReachesNow()
    {
        _bounds.Table.Add(_pending, _logs);
        Array.Clear(_pending);
        Bound();
        return _most.Max() >= _far && LogSum() >= _logThreshold;
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
