using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>Decides, at any time and as often as wanted, whether one arm fails more often than a ceiling allows.</summary>
/// <remarks>
/// <para>
/// Null: at every time, given the past, each bad category's rate is at most its ceiling. Each component bets that some rates
/// rose to a multiple of theirs; while the null is true, log E reaches log(1/alpha), ever, with probability at most alpha.
/// From a known start use <see cref="LogE"/>; for a change at an unknown time use <see cref="CeilingDetector"/>.
/// </para>
/// <para>
/// One arm cannot tell a bad release from a bad day: every shared outage fires this test, rightly. It opens incidents; it never
/// blames a release.
/// </para>
/// </remarks>
public sealed class CeilingTest
{
    private readonly IncrementTable _table;

    /// <summary>Builds the test, and refuses to if any component could gain on the null.</summary>
    /// <param name="ceilings">By stratum: the ceiling of each bad category, each above 0, together below 1.</param>
    /// <param name="levels">By bad category: multiples of its ceiling; an empty list for one that is never bet on.</param>
    /// <param name="spike">Prior probability that a category is at its ceiling. What breaks usually breaks in several ways.</param>
    /// <param name="solo">By bad category: whether it only ever rises alone.</param>
    public CeilingTest(
        ImmutableArray<ImmutableArray<double>> ceilings, ImmutableArray<ImmutableArray<double>> levels, double spike = 0.3,
        ImmutableArray<bool> solo = default)
    {
        BadCategories = ceilings[0].Length;
        Strata = ceilings.Length;
        var grid = TiltGrid.Create([.. levels.Select(l => l.Length)], spike, solo);
        var increments = new double[Strata * (BadCategories + 1)][];
        for (var stratum = 0; stratum < Strata; stratum++)
        {
            Fill(increments.AsSpan(stratum * (BadCategories + 1), BadCategories + 1), ceilings[stratum], levels, grid);
        }

        _table = new(grid.Weights, increments.Length, (cell, j) => increments[cell][j]);
        if (MaxNullExpectation(ceilings) > 1 + 1e-12)
        {
            throw new ArgumentException("A component of this test could gain on the null: check ceilings and levels.", nameof(ceilings));
        }
    }

    /// <summary>How many bad categories there are; the good one comes after them.</summary>
    public int BadCategories { get; }

    /// <summary>How many strata there are.</summary>
    public int Strata { get; }

    /// <summary>The increments of every cell.</summary>
    public IncrementTable Increments => _table;

    /// <summary>How many alternatives there are.</summary>
    public int Components => _table.Components;

    /// <summary>How many counts the test takes: by stratum, then category (bad ones, then good).</summary>
    public int Cells => _table.Cells;

    /// <summary>The evidence in nats since a start that was chosen without looking.</summary>
    public double LogE(ReadOnlySpan<long> counts) => _table.LogE(counts);

    /// <summary>The most that one request can multiply any component's evidence by, on average, on the null.</summary>
    /// <remarks>The expectation is linear in each rate, so its maximum has every rate at 0 or at its ceiling.</remarks>
    public double MaxNullExpectation(ImmutableArray<ImmutableArray<double>> ceilings)
    {
        var most = 0.0;
        for (var stratum = 0; stratum < Strata; stratum++)
        {
            for (var j = 0; j < Components; j++)
            {
                var good = Math.Exp(_table.Increments((stratum * (BadCategories + 1)) + BadCategories)[j]);
                var mean = good;
                for (var y = 0; y < BadCategories; y++)
                {
                    var gain = Math.Exp(_table.Increments((stratum * (BadCategories + 1)) + y)[j]) - good;
                    mean += ceilings[stratum][y] * Math.Max(0, gain);
                }

                most = Math.Max(most, mean);
            }
        }

        return most;
    }

    private static void Fill(
        Span<double[]> increments, ImmutableArray<double> ceilings, ImmutableArray<ImmutableArray<double>> levels, TiltGrid grid)
    {
        const double mostBad = 0.98;
        var allowed = ceilings.Sum();
        for (var y = 0; y < increments.Length; y++)
        {
            increments[y] = new double[grid.Weights.Length];
        }

        for (var j = 0; j < grid.Weights.Length; j++)
        {
            var bet = new double[ceilings.Length];
            for (var y = 0; y < bet.Length; y++)
            {
                var level = grid.Choices[j][y];
                bet[y] = ceilings[y] * (level == 0 ? 1 : levels[y][level - 1]);
            }

            var sum = bet.Sum();
            var scale = sum > mostBad ? mostBad / sum : 1;
            var good = (1 - (sum * scale)) / (1 - allowed);

            // Only where every bad category speaks for the bet does a rate below its ceiling speak against it.
            if (Enumerable.Range(0, bet.Length).Any(y => bet[y] * scale / ceilings[y] < good))
            {
                continue;
            }

            for (var y = 0; y < bet.Length; y++)
            {
                increments[y][j] = Math.Log(bet[y] * scale / ceilings[y]);
            }

            increments[^1][j] = Math.Log(good);
        }
    }
}
