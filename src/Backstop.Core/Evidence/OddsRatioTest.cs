using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>Confirms that two arms differ without using the share with which they were drawn.</summary>
/// <remarks>
/// <para>
/// Given an epoch's arm sizes and its number of bad outcomes, the tested arm's bad count is hypergeometric when the arms are
/// equal, whatever the share was and whatever the epoch's base rate. The e-value of an epoch is Fisher's noncentral
/// hypergeometric likelihood at odds ratio ψ over that at ψ0; by its monotone likelihood ratio it holds for every odds
/// ratio up to ψ0. Epochs multiply. Several categories chain: the first against the rest, the second within the rest, …
/// </para>
/// <para>It needs only that within an epoch the arms are a random subset, and epochs that were not cut by their outcomes.</para>
/// </remarks>
public sealed class OddsRatioTest
{
    private readonly ImmutableArray<double> _ratios;
    private readonly double[][] _logs;

    /// <summary>A test over a chain of bad categories.</summary>
    /// <param name="badCategories">Length of the chain.</param>
    /// <param name="ratios">The odds ratios of the alternatives, equally likely; with probability ½ a link is unchanged.</param>
    public OddsRatioTest(int badCategories, ImmutableArray<double> ratios)
    {
        _ratios = ratios;
        _logs = [.. Enumerable.Range(0, badCategories).Select(_ => new double[ratios.Length])];
    }

    /// <summary>From a fifth more to an order of magnitude more.</summary>
    public static ImmutableArray<double> DefaultRatios { get; } = [1.2, 1.5, 2, 3.5, 8, 30];

    /// <summary>The evidence in nats that some category is more frequent in the tested arm.</summary>
    public double LogE
    {
        get
        {
            // The mixture over all combinations of links factorises into one mixture per link.
            var total = 0.0;
            foreach (var link in _logs)
            {
                var mixed = SpecialFunctions.LogSumExp(link) - Math.Log(link.Length);
                total += SpecialFunctions.LogAdd(0, mixed) - Math.Log(2);
            }

            return total;
        }
    }

    /// <summary>One whole epoch.</summary>
    /// <param name="control">Counts by category: the bad ones in the order of the chain, then good.</param>
    /// <param name="tested">The same of the tested arm.</param>
    public void Add(ReadOnlySpan<long> control, ReadOnlySpan<long> tested)
    {
        long n0 = Sum(control), n1 = Sum(tested);
        for (var y = 0; y < _logs.Length; y++)
        {
            for (var r = 0; r < _ratios.Length; r++)
            {
                _logs[y][r] += LogRatio(n1, n0, tested[y], control[y], _ratios[r], 1);
            }

            n0 -= control[y];
            n1 -= tested[y];
        }
    }

    /// <summary>The evidence of one epoch with one odds ratio per link.</summary>
    public static double Chain(ReadOnlySpan<long> control, ReadOnlySpan<long> tested, ReadOnlySpan<double> ratios)
    {
        long n0 = Sum(control), n1 = Sum(tested);
        var log = 0.0;
        for (var y = 0; y < ratios.Length; y++)
        {
            log += LogRatio(n1, n0, tested[y], control[y], ratios[y], 1);
            n0 -= control[y];
            n1 -= tested[y];
        }

        return log;
    }

    /// <summary>The evidence of one epoch for odds ratio <paramref name="ratio"/> against all up to <paramref name="allowed"/>.</summary>
    public static double LogRatio(long testedSize, long controlSize, long testedBad, long controlBad, double ratio, double allowed)
    {
        var bad = testedBad + controlBad;
        if (testedSize == 0 || controlSize == 0 || bad == 0 || bad == testedSize + controlSize)
        {
            return 0; // The margins leave nothing to chance.
        }

        return (testedBad * Math.Log(ratio / allowed))
            - LogMass(testedSize, controlSize, bad, ratio) + LogMass(testedSize, controlSize, bad, allowed);
    }

    /// <summary>log Σ_k C(n1,k)·C(n0,b-k)·ψ^k / C(n1+n0,b): from the largest term outwards until terms vanish.</summary>
    private static double LogMass(long n1, long n0, long b, double ratio)
    {
        if (ratio == 1)
        {
            return 0; // Vandermonde.
        }

        long low = Math.Max(0, b - n0), high = Math.Min(n1, b);
        var linear = ((n1 + b + 2.0) * ratio) + n0 - b;
        var constant = (n1 + 1.0) * (b + 1.0) * ratio;
        var root = 2 * constant / (linear + Math.Sqrt((linear * linear) - (4 * (ratio - 1) * constant)));
        var mode = Math.Clamp((long)root, low, high);

        const double negligible = 1e-18;
        var sum = 1.0;
        var term = 1.0;
        for (var k = mode; k < high && term > negligible; k++)
        {
            term *= ratio * (n1 - k) * (b - k) / ((k + 1.0) * (n0 - b + k + 1));
            sum += term;
        }

        term = 1;
        for (var k = mode; k > low && term > negligible; k--)
        {
            term *= k * (double)(n0 - b + k) / (ratio * (n1 - k + 1) * (b - k + 1));
            sum += term;
        }

        return SpecialFunctions.LogChoose(n1, mode) + SpecialFunctions.LogChoose(n0, b - mode) - SpecialFunctions.LogChoose(n1 + n0, b)
            + (mode * Math.Log(ratio)) + Math.Log(sum);
    }

    private static long Sum(ReadOnlySpan<long> counts)
    {
        var sum = 0L;
        foreach (var n in counts)
        {
            sum += n;
        }

        return sum;
    }
}
