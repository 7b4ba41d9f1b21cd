using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rule with counts kept by replica: it names a machine that alone is to blame, and goes on without it.</summary>
public sealed class ReplicaDetector : IDetector
{
    private readonly JointTable _table;
    private readonly EvidenceBounds _bounds;
    private readonly double _logThreshold;
    private readonly long[] _counts;
    private readonly List<(int Replica, long[] Counts)> _byReplica;
    private RunningEvidence _whole;

    /// <summary>A detector that has seen nothing.</summary>
    public ReplicaDetector(JointTable table, EvidenceBounds bounds, int replicas, double logThreshold)
    {
        (_table, _bounds, _logThreshold, _counts) = (table, bounds, logThreshold, new long[table.Cells]);
        _byReplica = [.. Enumerable.Range(0, replicas).Select(r => (r, new long[table.Cells]))];
        _whole = new(bounds, logThreshold);
    }

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        var cell = _table.CellOf(request.Stage, 0, request.Tested, request.Category);
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
        var verdict = ReplicaTest.Judge(_table, _counts, [.. _byReplica.Select(r => r.Counts)]);
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

        _whole = new(_bounds, _logThreshold);
        _whole.Add(_counts);
        return new(ReactionKind.NameReplica, named);
    }
}
