namespace Backstop.Simulation.Detection;

/// <summary>A measured probability with its uncertainty.</summary>
/// <param name="Lower">Lower end of the two-sided 95 % Wilson interval.</param>
/// <param name="Upper">Upper end of it.</param>
public sealed record Proportion(long Hits, long Trials, double Value, double Lower, double Upper)
{
    /// <summary>From counts.</summary>
    public static Proportion Of(long hits, long trials)
    {
        const double z = 1.959964;
        var rate = (double)hits / trials;
        var centre = (rate + (z * z / (2 * trials))) / (1 + (z * z / trials));
        var radius = z / (1 + (z * z / trials)) * Math.Sqrt((rate * (1 - rate) / trials) + (z * z / (4.0 * trials * trials)));
        return new(hits, trials, rate, Math.Max(0, centre - radius), Math.Min(1, centre + radius));
    }
}
