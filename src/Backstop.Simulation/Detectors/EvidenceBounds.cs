using Backstop.Core.Evidence;

namespace Backstop.Simulation.Detectors;

/// <summary>How much one request of a cell can raise a group of components; the same for every repetition.</summary>
public sealed class EvidenceBounds
{
    /// <summary>As many bounds as one vector instruction adds at once: mild alternatives apart from bold ones.</summary>
    internal const int Groups = 4;

    private readonly double[] _rises;
    private readonly int[] _groups;
    private readonly int[] _sizes = new int[Groups];

    /// <summary>The bounds of a table.</summary>
    public EvidenceBounds(IncrementTable table)
    {
        Table = table;
        _rises = new double[table.Cells * Groups];
        _groups = new int[table.Components];

        // Components that bet alike rise alike: sorted by the spread of their bets, cut into equal parts.
        int[] order = [.. Enumerable.Range(0, table.Components)
            .OrderBy(j => Enumerable.Range(0, table.Cells).Max(cell => table.Increments(cell)[j]))];
        for (var i = 0; i < order.Length; i++)
        {
            _groups[order[i]] = i * Groups / order.Length;
            _sizes[_groups[order[i]]]++;
        }

        Array.Fill(_rises, double.NegativeInfinity);
        for (var cell = 0; cell < table.Cells; cell++)
        {
            for (var j = 0; j < table.Components; j++)
            {
                ref var rise = ref _rises[(cell * Groups) + _groups[j]];
                rise = Math.Max(rise, table.Increments(cell)[j]);
            }
        }
    }

    /// <summary>The table.</summary>
    public IncrementTable Table { get; }

    internal ReadOnlySpan<double> Of(int cell) => _rises.AsSpan(cell * Groups, Groups);

    internal int GroupOf(int component) => _groups[component];

    internal double LogSize(int group) => Math.Log(_sizes[group]);
}
