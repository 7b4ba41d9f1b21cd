using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Counts by bin of one open epoch, kept by arm and replica; only what occurred takes space.</summary>
internal struct BinSheet
{
    // From the highest bits down: arm, replica, bin.
    private const int ArmAt = 24, ReplicaAt = 12;

    private KeyedCounts _counts;

    /// <summary>Adds to a bin.</summary>
    public void Count(Arm arm, int replica, int bin, int count = 1) => _counts.Add(((int)arm << ArmAt) | (replica << ReplicaAt) | bin, count);

    /// <summary>Forgets all.</summary>
    public void Clear() => _counts.Clear();

    /// <summary>The cells, in an order that does not depend on what came first.</summary>
    /// <param name="make">What is made of each.</param>
    public readonly ImmutableArray<T> Cells<T>(Func<Cell, T> make)
    {
        var cells = new T[_counts.RunsOf(ReplicaAt)];
        var place = 0;
        for (var rest = _counts.All; !rest.IsEmpty;)
        {
            var run = KeyedCounts.TakeRun(ref rest, ReplicaAt);
            var (bins, counts) = (new int[run.Length], new long[run.Length]);
            for (var i = 0; i < run.Length; i++)
            {
                (bins[i], counts[i]) = (run[i].Key & ((1 << ReplicaAt) - 1), run[i].Count);
            }

            var cell = run[0].Key >> ReplicaAt;
            cells[place++] = make(new(
                (Arm)(cell >> (ArmAt - ReplicaAt)), cell & ((1 << (ArmAt - ReplicaAt)) - 1),
                ImmutableCollectionsMarshal.AsImmutableArray(bins), ImmutableCollectionsMarshal.AsImmutableArray(counts)));
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(cells);
    }

    /// <summary>What one arm's requests from the replicas of one number showed, 0 for those of which none is known; bins in order.</summary>
    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Cell(Arm Arm, int Replica, ImmutableArray<int> Bins, ImmutableArray<long> Counts);
}
