namespace Backstop.Core.Gates;

/// <summary>Exact probabilities of counts, and exact bounds of a rate from counts.</summary>
/// <remarks>
/// Runs of different cases fail at different rates. Their sum then has thinner tails than the binomial of the mean rate
/// (Hoeffding, "On the distribution of the number of successes in independent trials", 1956), so what is computed here
/// errs on the careful side. Runs must be independent: fresh sampling, no cache.
/// </remarks>
public static class Binomial
{
    /// <summary>Probability that more than <paramref name="limit"/> of <paramref name="runs"/> fail.</summary>
    /// <param name="runs">At least 1.</param>
    /// <param name="limit">Any whole number.</param>
    /// <param name="failRate">0 to 1.</param>
    public static double Above(int runs, int limit, double failRate)
    {
        if (limit < 0)
        {
            return 1;
        }

        if (limit >= runs || failRate <= 0)
        {
            return 0;
        }

        // The shorter side is summed, so that a small probability is not the difference of two large ones.
        return limit + 1 > runs * failRate
            ? Sum(runs, limit + 1, runs, failRate)
            : 1 - Sum(runs, 0, limit, failRate);
    }

    /// <summary>Bounds of a failure rate from what was counted, one-sided each (Clopper and Pearson, 1934).</summary>
    /// <param name="failures">0 to <paramref name="runs"/>.</param>
    /// <param name="runs">At least 1.</param>
    /// <param name="confidence">Probability, at least, with which each bound holds by itself.</param>
    public static RateBounds Bounds(int failures, int runs, double confidence)
    {
        var doubt = 1 - confidence;
        var lower = failures == 0 ? 0 : Solve(rate => Above(runs, failures - 1, rate) < doubt);
        var upper = failures == runs ? 1 : Solve(rate => Above(runs, failures, rate) < confidence);
        return new(lower, (double)failures / runs, upper);
    }

    /// <summary>The failure rate at which more than <paramref name="limit"/> of <paramref name="runs"/> fail with this probability.</summary>
    /// <param name="probability">0 to 1, both left out.</param>
    public static double RateAbove(int runs, int limit, double probability) => limit >= runs ? 1 : Solve(rate => Above(runs, limit, rate) < probability);

    // The least rate at which a condition that holds for small rates stops holding.
    private static double Solve(Func<double, bool> holds)
    {
        var (low, high) = (0.0, 1.0);
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = holds(middle) ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }

    private static double Sum(int runs, int from, int to, double rate)
    {
        if (rate >= 1)
        {
            return to == runs ? 1 : 0;
        }

        var logChoose = 0.0;
        for (var i = 1; i <= from; i++)
        {
            logChoose += Math.Log((double)(runs - from + i) / i);
        }

        var term = Math.Exp(logChoose + (from * Math.Log(rate)) + ((runs - from) * Math.Log(1 - rate)));
        var sum = 0.0;
        for (var k = from; k <= to; k++)
        {
            sum += term;
            term *= (double)(runs - k) / (k + 1) * rate / (1 - rate);
        }

        return Math.Min(sum, 1);
    }
}

/// <summary>A rate with its bounds, each 0 to 1.</summary>
public sealed record RateBounds(double Lower, double Estimate, double Upper);
