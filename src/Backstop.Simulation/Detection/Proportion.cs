namespace Backstop.Simulation.Detection;

/// <summary>A measured probability with its uncertainty: exact limits by Clopper and Pearson, never too narrow.</summary>
/// <param name="Lower">Lower end of the two-sided 95 % interval.</param>
/// <param name="Upper">Upper end of it.</param>
/// <param name="UpperLimit">One-sided 95 % upper limit: with no hit in n trials about 3/n.</param>
public sealed record Proportion(long Hits, long Trials, double Value, double Lower, double Upper, double UpperLimit)
{
    /// <summary>From counts.</summary>
    public static Proportion Of(long hits, long trials) => new(
        hits, trials, (double)hits / trials,
        1 - Limit(trials - hits, trials, 0.025), Limit(hits, trials, 0.025), Limit(hits, trials, 0.05));

    /// <summary>The probability at which so few hits are only seen with probability <paramref name="error"/>.</summary>
    private static double Limit(long hits, long trials, double error)
    {
        if (hits == trials)
        {
            return 1;
        }

        double low = (double)hits / trials, high = 1;
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = AtMost(hits, trials, middle) > error ? (middle, high) : (low, middle);
        }

        return high;
    }

    // P(X <= hits), from the largest term downwards; the rate lies above hits/trials, so terms only fall.
    private static double AtMost(long hits, long trials, double rate)
    {
        var log = trials * Math.Log(1 - rate);
        for (var k = 0L; k < hits; k++)
        {
            log += Math.Log((trials - k) / (k + 1.0) * rate / (1 - rate));
        }

        double term = Math.Exp(log), sum = term;
        for (var k = hits; k > 0 && term > sum * 1e-17; k--)
        {
            term *= k / (trials - k + 1.0) * (1 - rate) / rate;
            sum += term;
        }

        return sum;
    }
}
