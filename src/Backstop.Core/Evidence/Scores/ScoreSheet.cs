using System.Collections.Immutable;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence.Scores;

/// <summary>The scores of one open epoch; only what occurred takes space.</summary>
internal sealed class ScoreSheet
{
    private readonly SortedDictionary<(string Name, Arm Arm, int Replica), ScoreCounts> _cells = new(
        Comparer<(string Name, Arm Arm, int Replica)>.Create((one, other) =>
            string.CompareOrdinal(one.Name, other.Name) is not 0 and var byName ? byName : (one.Arm, one.Replica).CompareTo((other.Arm, other.Replica))));

    /// <summary>Counts an answer.</summary>
    public void Count(string name, Arm arm, int replica, int step)
    {
        if (!_cells.TryGetValue((name, arm, replica), out var counts))
        {
            _cells.Add((name, arm, replica), counts = new());
        }

        counts.Add(step, 1);
    }

    /// <summary>The cells, in an order that does not depend on what came first.</summary>
    public ImmutableArray<ScoreCell> Cells() => [.. _cells.Select(c => new ScoreCell(c.Key.Name, c.Key.Arm, c.Key.Replica, Sparse.Of(c.Value.All)))];
}

/// <summary>Scores of one name, arm and replica within a bucket: pairs of a step of <see cref="ScoreCounts"/> and a count, only those that occurred.</summary>
public sealed record ScoreCell(string Name, Arm Arm, int Replica, ImmutableArray<long> Steps);
