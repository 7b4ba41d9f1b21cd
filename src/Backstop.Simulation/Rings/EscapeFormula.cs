namespace Backstop.Simulation.Rings;

/// <summary>How likely a harmful text gets past several checks that fail independently of each other.</summary>
/// <remarks>
/// A text escapes when every check misses it: the probability is the product of the miss rates. With five checks that each miss
/// 20 % that is 0.2^5 = 0.00032, below one in a thousand. The exercise (26.9.3) prints the product of (1 - r) instead, which is right
/// when r is the rate of catching; with r = 0.2 read as that, 31 checks would be needed. Checks that learned from the same texts miss
/// the same texts, so the product is a lower bound that real rings do not reach: see <see cref="RingTrial"/>.
/// </remarks>
public static class EscapeFormula
{
    public static double Independent(IEnumerable<double> missRates) => missRates.Aggregate(1.0, (product, miss) => product * miss);

    /// <summary>The fewest checks of one miss rate that bring the escape probability down to a target.</summary>
    /// <param name="missRate">Above 0 and below 1.</param>
    public static int ChecksNeeded(double missRate, double target)
    {
        var (checks, escape) = (0, 1.0);
        for (; escape > target; checks++)
        {
            escape *= missRate;
        }

        return checks;
    }
}
