using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rule with counts kept by replica: it names a machine that alone is to blame, and goes on without it.</summary>
public sealed class ReplicaDetector : ICountedDetector
{
    private readonly ImmutableArray<(JointTable Table, EvidenceBounds Bounds)> _tables;
    private readonly double _logThreshold;
    private readonly long[] _counts;
    private readonly List<(int Replica, long[] Counts)> _byReplica;
    private readonly long[] _pooled;
    private readonly int _firstTested;
    private RunningEvidence _whole;

    /// <summary>A detector that has seen nothing.</summary>
    /// <param name="tables">By number of replicas left out, none first: a table with the share that then remains.</param>
    public ReplicaDetector(ImmutableArray<(JointTable Table, EvidenceBounds Bounds)> tables, double logThreshold)
    {
        var (table, bounds) = tables[0];
        (_tables, _logThreshold, _firstTested) = (tables, logThreshold, table.CellOf(0, 0, tested: true, 0));
        (_counts, _pooled) = (new long[table.Cells], new long[table.Cells]);
        _byReplica = [.. Enumerable.Range(0, tables.Length).Select(r => (r, new long[_counts.Length]))];
        _whole = new(bounds, logThreshold);
    }

    /// <inheritdoc/>
    /// <remarks>Those of the table, once for each replica: what the control answered counts in the first copy.</remarks>
    public int Cells => _counts.Length * _tables.Length;

    /// <inheritdoc/>
    public int CellOf(in SimulatedRequest request) =>
        (request.Replica * _counts.Length) + _tables[0].Table.CellOf(request.Stage, 0, request.Tested, request.Category);

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request) => Count(CellOf(request));

    /// <inheritdoc/>
    public Reaction Count(int cell)
    {
        var (replica, counted) = Math.DivRem(cell, _counts.Length);
        if (counted >= _firstTested)
        {
            var place = _byReplica.FindIndex(r => r.Replica == replica);
            if (place < 0)
            {
                return default; // Ejected.
            }

            _byReplica[place].Counts[counted]++;
        }

        _counts[counted]++;
        return _whole.Reaches(counted) ? Judge() : default;
    }

    /// <inheritdoc/>
    public bool CouldReact(ReadOnlySpan<long> counts) => _whole.CouldReach(Pooled(counts));

    /// <inheritdoc/>
    public void PassOver(ReadOnlySpan<long> counts)
    {
        var pooled = Pooled(counts);
        _whole.PassOver(pooled);
        for (var cell = 0; cell < pooled.Length; cell++)
        {
            _counts[cell] += pooled[cell];
        }

        foreach (var (replica, own) in _byReplica)
        {
            for (var cell = _firstTested; cell < own.Length; cell++)
            {
                own[cell] += counts[(replica * own.Length) + cell];
            }
        }
    }

    // Of all replicas together, without those that were ejected.
    private long[] Pooled(ReadOnlySpan<long> counts)
    {
        Array.Clear(_pooled);
        counts[.._firstTested].CopyTo(_pooled);
        foreach (var (replica, _) in _byReplica)
        {
            for (var cell = _firstTested; cell < _pooled.Length; cell++)
            {
                _pooled[cell] += counts[(replica * _pooled.Length) + cell];
            }
        }

        return _pooled;
    }

    private Reaction Judge()
    {
        var leftOut = _tables.Length - _byReplica.Count;
        var verdict = ReplicaTest.Judge(_tables[leftOut].Table, _ => _tables[leftOut + 1].Table, _counts, [.. _byReplica.Select(r => r.Counts)]);
        if (verdict.LeastLogE >= _logThreshold)
        {
            return new(ReactionKind.RollBack);
        }

        if (verdict.Sick is not { } sick)
        {
            return default;
        }

        var (named, counts) = _byReplica[sick];
        _byReplica.RemoveAt(sick);
        for (var cell = 0; cell < _counts.Length; cell++)
        {
            _counts[cell] -= counts[cell];
        }

        _whole = new(_tables[leftOut + 1].Bounds, _logThreshold);
        _whole.Add(_counts);
        return new(ReactionKind.NameReplica, named);
    }
}
