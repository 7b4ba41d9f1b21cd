namespace Backstop.Simulation.Random;

/// <summary>The standard normal distribution.</summary>
public static class NormalDistribution
{
    /// <summary>The probability of a value below <paramref name="x"/>. Marsaglia's series (2004): exact to the last digits for |x| up to 7.</summary>
    public static double Below(double x)
    {
        if (Math.Abs(x) > 7)
        {
            return x > 0 ? 1 : 0;
        }

        double sum = x, term = x;
        for (var i = 3; term != 0 && sum + term != sum; i += 2)
        {
            term *= x * x / i;
            sum += term;
        }

        return 0.5 + (sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
    }
}
