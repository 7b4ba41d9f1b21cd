using System.Runtime.InteropServices;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Counts by bin of one open epoch, kept by arm and replica, and by name where there are several; only what occurred takes space.</summary>
internal sealed class BinSheet<TCounts>
    where TCounts : BinCounts, new()
{
    // A handful: looking through them is sooner done than hashing.
    private readonly List<Cell> _cells = [];

    /// <summary>Adds to a bin.</summary>
    public void Count(string name, Arm arm, int replica, int bin, long count = 1)
    {
        foreach (var cell in CollectionsMarshal.AsSpan(_cells))
        {
            if (cell.Arm == arm && cell.Replica == replica && cell.Name == name)
            {
                cell.Counts.Add(bin, count);
                return;
            }
        }

        _cells.Add(new(name, arm, replica, new()));
        _cells[^1].Counts.Add(bin, count);
    }

    /// <summary>The cells, in an order that does not depend on what came first.</summary>
    public IEnumerable<Cell> Cells() => _cells.OrderBy(c => c.Name, StringComparer.Ordinal).ThenBy(c => c.Arm).ThenBy(c => c.Replica);

    /// <summary>What one arm's requests from the replicas of one number showed, 0 for those of which none is known.</summary>
    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Cell(string Name, Arm Arm, int Replica, TCounts Counts);
}
