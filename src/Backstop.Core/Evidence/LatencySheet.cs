using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>The latencies of one open epoch; only arms and replicas that occurred take space.</summary>
internal sealed class LatencySheet
{
    private readonly List<(Arm Arm, int Replica, LatencyCounts Counts)> _cells = [];

    /// <summary>Counts requests in a bin.</summary>
    public void Count(Arm arm, int replica, int bin, long count = 1)
    {
        foreach (var cell in CollectionsMarshal.AsSpan(_cells))
        {
            if (cell.Arm == arm && cell.Replica == replica)
            {
                cell.Counts.Add(bin, count);
                return;
            }
        }

        _cells.Add((arm, replica, new()));
        _cells[^1].Counts.Add(bin, count);
    }

    /// <summary>The cells, in an order that does not depend on what came first.</summary>
    public ImmutableArray<LatencyCell> Cells() => [.. _cells.OrderBy(c => c.Arm).ThenBy(c => c.Replica).Select(Sparse)];

    private static LatencyCell Sparse((Arm Arm, int Replica, LatencyCounts Counts) cell)
    {
        var all = cell.Counts.All.ToArray();
        ImmutableArray<int> bins = [.. Enumerable.Range(0, all.Length).Where(bin => all[bin] != 0)];
        return new(cell.Arm, cell.Replica, bins, [.. bins.Select(bin => all[bin])]);
    }
}
