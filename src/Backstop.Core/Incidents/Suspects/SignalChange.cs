namespace Backstop.Core.Incidents.Suspects;

/// <summary>How much more probable a signal's two readings are if it moved than if it did not.</summary>
/// <remarks>
/// A normal approximation on the logit scale for counts and in deviations of the first reading for means, with a wobble for what
/// differs between days without a cause. If it moved, the size is normal around 0 (the local alternative of Wakefield 2009);
/// where a signal can move one way only, that half of it.
/// </remarks>
public static class SignalChange
{
    // From one in a thousand to one in three hundred is five times as much, and matters to nobody: shares count from here on.
    private const double Negligible = 0.005;

    private const double CountWobble = 0.2;
    private const double CountSize = 1.5;
    private const double MeanWobble = 0.12;
    private const double RatioWobble = 0.12;
    private const double MeanSize = 1;
    private const double DeviationSize = 4;

    // Whoever gives a change in deviations has estimated them, from few and mostly from quiet hours: they are half as large again.
    private const double DeviationVariance = 2.25;

    /// <summary>Least and most that one signal may say: no sensor, broken or not, decides alone.</summary>
    public const double Least = -6;

    /// <inheritdoc cref="Least"/>
    public const double Most = 12;

    /// <summary>Natural logarithm of the Bayes factor, between <see cref="Least"/> and <see cref="Most"/>.</summary>
    public static double LogBayesFactor(Signal signal) =>
        Math.Clamp(signal.Stated ?? Compare(signal, signal.Before!, signal.After!), Least, Most);

    /// <summary>The same for a change that is given in its own standard deviations.</summary>
    public static double OfDeviations(double z, int way) => Factor(z, DeviationVariance, DeviationSize, way);

    private static double Compare(Signal signal, Reading before, Reading after)
    {
        var way = SignatureTable.WayOf(signal.Name);
        if (before.Hits is { } hitsBefore && after.Hits is { } hitsAfter)
        {
            var wobble = SignatureTable.IsSameTime(signal.Name) ? 0 : CountWobble;
            var (was, now) = (hitsBefore / before.N, hitsAfter / after.N);
            return Factor(Logit(now) - Logit(was), LogitVariance(now, after.N) + LogitVariance(was, before.N) + (wobble * wobble), CountSize, way);
        }

        // Some things never vary while all is well, such as the version of an index.
        var deviation = before.Deviation is > 0 and { } usual ? usual : Math.Max(after.Deviation!.Value, (0.05 * Math.Abs(before.Mean!.Value)) + 1e-9);
        // What reaches some requests only, as a stale index behind one route, widens the spread as much as it moves the mean.
        var ratio = after.Deviation!.Value / deviation;
        var days = MeanWobble + (SignatureTable.IsRatio(signal.Name) ? RatioWobble * Math.Abs(before.Mean!.Value) / deviation : 0);
        return Factor((after.Mean!.Value - before.Mean!.Value) / deviation, (1.0 / before.N) + (ratio * ratio / after.N) + (days * days), MeanSize * Math.Max(1, ratio), way);
    }

    private static double Factor(double change, double variance, double size, int way)
    {
        var spread = variance + (size * size);
        var log = 0.5 * (Math.Log(variance / spread) + (change * change * ((1 / variance) - (1 / spread))));
        if (way == 0)
        {
            return log;
        }

        // Of the possible sizes only those of the right sign: 2·P(size has the sign | reading).
        var mean = change * size * size / spread;
        var deviation = Math.Sqrt(variance * size * size / spread);
        return log + Math.Log(Math.Max(2 * NormalDistribution(way * mean / deviation), 1e-12));
    }

    private static double Logit(double share) => Math.Log((share + Negligible) / (1 - share + Negligible));

    // Half an observation on either side keeps a count of none from being certain.
    private static double LogitVariance(double share, double n)
    {
        var (hits, misses) = (share + (0.5 / n), 1 - share + (0.5 / n));
        return (hits * misses / n) * Math.Pow((1 / (share + Negligible)) + (1 / (1 - share + Negligible)), 2);
    }

    // Abramowitz and Stegun 26.2.17, error under 7.5e-8.
    private static double NormalDistribution(double z)
    {
        if (z < 0)
        {
            return 1 - NormalDistribution(-z);
        }

        var t = 1 / (1 + (0.2316419 * z));
        var tail = t * (0.319381530 + (t * (-0.356563782 + (t * (1.781477937 + (t * (-1.821255978 + (t * 1.330274429))))))));
        return 1 - (Math.Exp(-0.5 * z * z) / Math.Sqrt(2 * Math.PI) * tail);
    }
}
