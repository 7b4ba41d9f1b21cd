using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>Decides, at any time, whether a quantity (latency, tokens, cost) is larger in the tested arm.</summary>
/// <remarks>
/// Null: the tested arm's distribution is stochastically no larger than the control's, at every time. Counts of 12 bins at the
/// control's historic quantiles, frozen in the plan; every alternative shifts mass towards higher bins, so a shared slow-down
/// cannot fire it. A relative margin is exact: divide the tested arm's values by 1 + margin before they are binned. What never
/// came (a failure has no latency) is counted in the highest bin; by a margin of its own it may be more frequent in the tested
/// arm, at the price of a toll: that share, moved from the lowest bin to the highest, is the most the null then gains by it.
/// </remarks>
public sealed class HistogramTable
{
    private readonly IncrementTable _table;
    private readonly double _testedShare;
    private readonly double _topMargin;
    private readonly int _bins;

    /// <summary>The quantiles of the control at which the bins meet.</summary>
    public static ImmutableArray<double> EdgeQuantiles { get; } = [.1, .2, .3, .4, .5, .6, .7, .8, .9, .95, .99];

    /// <summary>Builds a table.</summary>
    /// <param name="testedShare">Probability with which a request was drawn for the tested arm.</param>
    /// <param name="masses">The control's historic share of each bin: 12 of them, of which the last two lie above p95 and p99.</param>
    /// <param name="topMargin">How much more frequent what never came may be in the tested arm, as a probability.</param>
    public HistogramTable(double testedShare, ImmutableArray<double> masses, double topMargin = 0)
    {
        (_testedShare, _topMargin) = (testedShare, topMargin);
        _bins = masses.Length;
        var (weights, shifted) = Alternatives(masses);
        double[] tolls =
        [
            .. shifted.Select(s => SpecialFunctions.Log1P(testedShare * topMargin * ((s[^1] / Mixture(s, _bins - 1)) - (s[0] / Mixture(s, 0))))),
        ];
        _table = new(weights, 2 * _bins, (cell, j) =>
        {
            var (tested, bin) = Math.DivRem(cell, _bins);
            return Math.Log((tested == 1 ? shifted[j][bin] : masses[bin]) / Mixture(shifted[j], bin)) - tolls[j];
        });

        if (MaxNullExpectation() > 1 + 1e-12)
        {
            throw new ArgumentException("A component of this table could gain on the null: check the masses.", nameof(masses));
        }

        double Mixture(double[] alternative, int bin) => (testedShare * alternative[bin]) + ((1 - testedShare) * masses[bin]);
    }

    /// <summary>How many alternatives there are.</summary>
    public int Components => _table.Components;

    /// <summary>The increments of every cell: the control's bins, then the tested arm's.</summary>
    public IncrementTable Increments => _table;

    /// <summary>The evidence in nats.</summary>
    /// <param name="counts">The control's bins, then the tested arm's.</param>
    public double LogE(ReadOnlySpan<long> counts) => _table.LogE(counts);

    /// <summary>The increment of one component for one request, in nats.</summary>
    public double Increment(bool tested, int bin, int component) => _table.Increments((tested ? _bins : 0) + bin)[component];

    /// <summary>The weight of one component.</summary>
    public double Weight(int component) => _table.Weights[component];

    /// <summary>The bin of a value: how many edges it is above.</summary>
    public static int BinOf(double value, ReadOnlySpan<double> edges)
    {
        var bin = 0;
        while (bin < edges.Length && value > edges[bin])
        {
            bin++;
        }

        return bin;
    }

    /// <summary>The most that one request can multiply any component's evidence by, on average, on the null.</summary>
    /// <remarks>
    /// On the null mass may only move down, but for the margin of the highest bin; a component gains by a move down only where it
    /// pays less in a higher bin.
    /// </remarks>
    public double MaxNullExpectation()
    {
        var most = 0.0;
        for (var j = 0; j < Components; j++)
        {
            var whole = 0.0;
            var drop = 0.0;
            var highest = 0.0;
            var lowest = double.PositiveInfinity;
            for (var bin = 0; bin < _bins; bin++)
            {
                var f = _testedShare * Math.Exp(Increment(true, bin, j));
                whole = Math.Max(whole, f + ((1 - _testedShare) * Math.Exp(Increment(false, bin, j))));
                drop = Math.Max(drop, highest - f);
                highest = Math.Max(highest, f);
                lowest = Math.Min(lowest, f);
            }

            // Rounding may let equal neighbours differ in the last bit; that is no drop.
            most = Math.Max(most, whole + (drop > 1e-14 ? drop : 0) + (_topMargin * (highest - lowest)));
        }

        return most;
    }

    private static (List<double> Weights, List<double[]> Shifted) Alternatives(ImmutableArray<double> masses)
    {
        var scores = new double[masses.Length];
        var below = 0.0;
        for (var bin = 0; bin < masses.Length; bin++)
        {
            scores[bin] = SpecialFunctions.NormalQuantile(below + (masses[bin] / 2));
            below += masses[bin];
        }

        List<double> weights = [];
        List<double[]> shifted = [];
        foreach (var tilt in (ReadOnlySpan<double>)[.15, .3, .6, 1.2, 2.4])
        {
            weights.Add(.5 / 5);
            shifted.Add(Normalised(masses.Select((m, bin) => m * Math.Exp(tilt * scores[bin]))));
        }

        foreach (var (bins, factors) in (ReadOnlySpan<(int, double[])>)[(2, [1.5, 2.5, 5]), (1, [1.5, 3, 8])])
        {
            foreach (var factor in factors)
            {
                weights.Add(.25 / factors.Length);
                shifted.Add(Normalised(masses.Select((m, bin) => bin >= masses.Length - bins ? m * factor : m)));
            }
        }

        return (weights, shifted);
    }

    private static double[] Normalised(IEnumerable<double> masses)
    {
        var all = masses.ToArray();
        var sum = all.Sum();
        return [.. all.Select(m => m / sum)];
    }
}
