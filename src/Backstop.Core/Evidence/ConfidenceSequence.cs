using System.Runtime.InteropServices;

namespace Backstop.Core.Evidence;

/// <summary>How well a rate, a mean or a quantile is known: bounds that hold at all times at once. For display; no decision rests on them.</summary>
/// <remarks>
/// <para>
/// With probability 1 − alpha the truth lies within the bounds at every look, however often one looks: a value is left out when
/// <see cref="AssignmentTest"/>, with it as the plan, has refuted it, and it never refutes the truth but with probability alpha (Ville's
/// inequality). This is Robbins' mixture for a bit (Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic
/// confidence sequences", 2021) and, read the other way, for a quantile (Howard and Ramdas, "Sequential estimation of quantiles", 2022).
/// </para>
/// <para>
/// It takes requests to be independent and the rate to stand still. One arm's rate that moves has no such bounds, and a difference of two
/// arms does: <see cref="BoundedScoreTest.LowerBound"/>.
/// </para>
/// </remarks>
public static class ConfidenceSequence
{
    /// <summary>The probability of ever leaving out the truth.</summary>
    public const double Alpha = 0.05;

    /// <summary>After so many observations the bounds are as tight as they can be made.</summary>
    public const double TightestAt = 800;

    private const int Halvings = 50;

    /// <summary>Bounds of a mean of values between 0 and 1; of a rate where each value is one of both.</summary>
    /// <remarks>Nothing between 0 and 1 varies more than a bit, so for other values they hold too, and are wider than they need be.</remarks>
    /// <param name="sum">Of the values.</param>
    /// <param name="count">How many there are; with none, the bounds are 0 and 1.</param>
    public static Bounds OfMean(double sum, long count, double alpha = Alpha, double tightestAt = TightestAt)
    {
        if (count == 0)
        {
            return new(0, 1);
        }

        var mean = Math.Clamp(sum / count, 0, 1);
        var concentration = ConcentrationAt(tightestAt);
        return new(Farthest(mean, 0), Farthest(mean, 1));

        // From the mean towards an end: as far as nothing is refuted.
        double Farthest(double kept, double refuted)
        {
            for (var i = 0; i < Halvings && kept != refuted; i++)
            {
                var middle = (kept + refuted) / 2;
                (kept, refuted) = IsRefuted(sum, count, middle, concentration, alpha) ? (kept, middle) : (middle, refuted);
            }

            return kept;
        }
    }

    /// <summary>How many of the observations may lie below a quantile: fewer or more would refute that it is that quantile.</summary>
    /// <param name="quantile">Above 0 and below 1.</param>
    public static (long Least, long Most) BelowQuantile(double quantile, long count, double alpha = Alpha, double tightestAt = TightestAt)
    {
        var concentration = ConcentrationAt(tightestAt);
        var expected = (long)Math.Round(quantile * count);
        return (Farthest(-1), Farthest(count + 1));

        long Farthest(long refuted)
        {
            var kept = expected;
            while (Math.Abs(kept - refuted) > 1)
            {
                var middle = (kept + refuted) / 2;
                (kept, refuted) = IsRefuted(middle, count, quantile, concentration, alpha) ? (kept, middle) : (middle, refuted);
            }

            return kept;
        }
    }

    private static bool IsRefuted(double sum, long count, double mean, double concentration, double alpha) =>
        AssignmentTest.LogE([sum, count - sum], [mean, 1 - mean], concentration) >= -Math.Log(alpha);

    // The weight of the prior that makes the mixture tightest there, for the usual alpha; never quite without one.
    private static double ConcentrationAt(double observations)
    {
        const double least = 1e-3;
        var spread = -2 * Math.Log(Alpha);
        return Math.Max(least, (observations / (spread + Math.Log(1 + spread))) - 1);
    }
}

/// <summary>A lower and an upper bound.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Bounds(double Lower, double Upper);
