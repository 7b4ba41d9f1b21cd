using System.Collections.Immutable;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>The counts of one open epoch; only arms and strata that occurred take space.</summary>
internal sealed class CountSheet
{
    private static readonly int Outcomes = Enum.GetValues<Outcome>().Length;
    private static readonly int Ways = Enum.GetValues<Served>().Length;

    private readonly (long[] Outcomes, long[] Served)?[] _cells = new (long[], long[])?[CountTable.Arms * CountTable.Strata];

    /// <summary>Counts requests; nothing happens for a count of zero.</summary>
    public void Count(Arm arm, int stratum, Outcome outcome, Served served, long count = 1)
    {
        if (count == 0)
        {
            return;
        }

        ref var cell = ref _cells[((int)arm * CountTable.Strata) + stratum];
        cell ??= (new long[Outcomes], new long[Ways]);
        cell.Value.Outcomes[(int)outcome] += count;
        cell.Value.Served[(int)served] += count;
    }

    /// <summary>The cells that have anything.</summary>
    public ImmutableArray<CountCell> Cells()
    {
        var cells = ImmutableArray.CreateBuilder<CountCell>();
        for (var i = 0; i < _cells.Length; i++)
        {
            if (_cells[i] is var (outcomes, served))
            {
                cells.Add(new((Arm)(i / CountTable.Strata), i % CountTable.Strata, [.. outcomes], [.. served]));
            }
        }

        return cells.ToImmutable();
    }
}
