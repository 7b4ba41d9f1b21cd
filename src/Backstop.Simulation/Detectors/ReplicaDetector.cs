using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rule with counts kept by replica: it names a machine that alone is to blame, and goes on without it.</summary>
public sealed class ReplicaDetector : IDetector
{
    private readonly ImmutableArray<(JointTable Table, EvidenceBounds Bounds)> _tables;
    private readonly double _logThreshold;
    private readonly long[] _counts;
    private readonly List<(int Replica, long[] Counts)> _byReplica;
    private RunningEvidence _whole;

    /// <summary>A detector that has seen nothing.</summary>
    /// <param name="tables">By number of replicas left out, none first: a table with the share that then remains.</param>
    public ReplicaDetector(ImmutableArray<(JointTable Table, EvidenceBounds Bounds)> tables, double logThreshold)
    {
        (_tables, _logThreshold, _counts) = (tables, logThreshold, new long[tables[0].Table.Cells]);
        _byReplica = [.. Enumerable.Range(0, tables.Length).Select(r => (r, new long[_counts.Length]))];
        _whole = new(tables[0].Bounds, logThreshold);
    }

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        var cell = _tables[0].Table.CellOf(request.Stage, 0, request.Tested, request.Category);
        if (request.Tested)
        {
            var replica = request.Replica;
            var place = _byReplica.FindIndex(r => r.Replica == replica);
            if (place < 0)
            {
                return default; // Ejected.
            }

            _byReplica[place].Counts[cell]++;
        }

        _counts[cell]++;
        return _whole.Reaches(cell) ? Judge() : default;
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
