using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>The counts of one open epoch; only what occurred takes space.</summary>
internal struct CountSheet
{
    // From the highest bits down: arm, stratum, replica, and an outcome or, after those, a way of serving.
    private const int StratumAt = 20, ReplicaAt = 4, Categories = 1 << ReplicaAt;

    private static readonly int Ways = Enum.GetValues<Served>().Length;

    private KeyedCounts _counts;

    /// <summary>Counts requests.</summary>
    public void Count(Arm arm, int stratum, int replica, Outcome outcome, Served served, int count = 1)
    {
        var cell = ((((int)arm << 1) | stratum) << StratumAt) | (replica << ReplicaAt);
        _counts.Add(cell | (int)outcome, count);
        _counts.Add(cell | (CountTable.OutcomeCount + (int)served), count);
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => _counts.Clear();

    /// <summary>Shows the cells, in an order that does not depend on what came first.</summary>
    public readonly void ShowTo(IEpochSink sink)
    {
        Span<long> categories = stackalloc long[Categories];
        for (var rest = _counts.All; !rest.IsEmpty;)
        {
            categories.Clear();
            var run = KeyedCounts.TakeRun(ref rest, ReplicaAt);
            foreach (var entry in run)
            {
                categories[entry.Key & (Categories - 1)] = entry.Count;
            }

            var cell = run[0].Key >> ReplicaAt;
            sink.Cell(
                (Arm)(cell >> (StratumAt - ReplicaAt + 1)), (cell >> (StratumAt - ReplicaAt)) & 1, cell & ((1 << (StratumAt - ReplicaAt)) - 1),
                categories[..CountTable.OutcomeCount], categories.Slice(CountTable.OutcomeCount, Ways));
        }
    }
}
