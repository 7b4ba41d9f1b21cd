using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>The counts of one open epoch; only what occurred takes space.</summary>
internal sealed class CountSheet
{
    private static readonly int Ways = Enum.GetValues<Served>().Length;

    // A handful: looking through them is sooner done than hashing.
    private readonly List<Cell> _cells = [];

    /// <summary>Counts requests; nothing happens for a count of zero.</summary>
    public void Count(Arm arm, int stratum, int replica, Outcome outcome, Served served, long count = 1)
    {
        if (count == 0)
        {
            return;
        }

        var cell = CellOf(arm, stratum, replica);
        cell.Outcomes[(int)outcome] += count;
        cell.Served[(int)served] += count;
    }

    /// <summary>The cells, in an order that does not depend on what came first.</summary>
    public ImmutableArray<CountCell> Cells() =>
    [
        .. _cells.OrderBy(c => c.Arm).ThenBy(c => c.Stratum).ThenBy(c => c.Replica)
            .Select(c => new CountCell(c.Arm, c.Stratum, [.. c.Outcomes], [.. c.Served], c.Replica)),
    ];

    private Cell CellOf(Arm arm, int stratum, int replica)
    {
        foreach (var cell in CollectionsMarshal.AsSpan(_cells))
        {
            if (cell.Arm == arm && cell.Stratum == stratum && cell.Replica == replica)
            {
                return cell;
            }
        }

        _cells.Add(new(arm, stratum, replica, new long[CountTable.OutcomeCount], new long[Ways]));
        return _cells[^1];
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Cell(Arm Arm, int Stratum, int Replica, long[] Outcomes, long[] Served);
}
