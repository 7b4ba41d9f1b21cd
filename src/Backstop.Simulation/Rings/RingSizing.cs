namespace Backstop.Simulation.Rings;

/// <summary>How many ring replicas a fleet needs.</summary>
/// <remarks>
/// A replica is one core that serves requests in order of arrival: an M/G/1 queue. Its mean wait is rate * E[S^2] / (2 (1 - load))
/// (Pollaczek 1930, Khinchine 1932). The tail of the wait is taken for exponential with that mean, given that a request waits at all,
/// which is close under heavy load and on the safe side under light load.
/// </remarks>
public static class RingSizing
{
    /// <summary>No replica is planned to be busier than this: a burst must find room.</summary>
    public const double BusiestShare = 0.7;

    /// <summary>The fewest replicas that keep within the budget.</summary>
    /// <param name="rate">Requests a second in all.</param>
    /// <param name="mean">Seconds of processor time a request costs, and <paramref name="square"/> the mean of its square.</param>
    /// <param name="budget">Most seconds that the ring may add to 99 % of the requests.</param>
    /// <returns>Null when one request alone takes longer than the budget.</returns>
    public static int? Replicas(double rate, double mean, double square, double budget)
    {
        var longest = mean + (2.33 * Math.Sqrt(Math.Max(0, square - (mean * mean))));
        if (longest > budget)
        {
            return null;
        }

        var replicas = Math.Max(1, (int)Math.Ceiling(rate * mean / BusiestShare));
        while (longest + WaitP99(rate / replicas, mean, square) > budget)
        {
            replicas++;
        }

        return replicas;
    }

    /// <summary>The wait that 99 % of the requests to one replica do not exceed, in seconds.</summary>
    public static double WaitP99(double rate, double mean, double square)
    {
        var load = rate * mean;
        return load <= 0.01 ? 0 : rate * square / (2 * (1 - load)) / load * Math.Log(load / 0.01);
    }
}
