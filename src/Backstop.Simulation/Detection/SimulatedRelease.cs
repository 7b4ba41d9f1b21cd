using System.Collections.Immutable;

namespace Backstop.Simulation.Detection;

/// <summary>A release as the textbook describes one: what its answers are, before any ring acts.</summary>
/// <param name="Toxic">Probability of a toxic answer to an ordinary request.</param>
/// <param name="SchemaFailure">Probability of broken output, whether toxic or not.</param>
/// <param name="Accuracy">Probability of a right answer, whether it is blocked or not.</param>
public sealed record SimulatedRelease(string Name, double Toxic, double SchemaFailure, double Accuracy)
{
    /// <summary>Share of requests that are attacks, usually.</summary>
    public const double AttackShare = 0.05;

    /// <summary>How much more probable a toxic answer is under attack.</summary>
    public const double AttackToxicity = 0.60;

    /// <summary>The good release.</summary>
    public static SimulatedRelease V7 { get; } = new("v7", 0.002, 0.001, 0.94);

    /// <summary>The bad one.</summary>
    public static SimulatedRelease V8 { get; } = new("v8", 0.09, 0.14, 0.79);

    /// <summary>Two points less accurate.</summary>
    public static SimulatedRelease Subtle { get; } = new("subtle", 0.004, 0.001, 0.92);

    /// <summary>Different within the margins: harmless.</summary>
    public static SimulatedRelease Shifted { get; } = new("shifted", 0.001, 0.003, 0.938);

    /// <summary>Better.</summary>
    public static SimulatedRelease Better { get; } = new("better", 0.001, 0.001, 0.96);

    /// <summary>v7 on a machine that spoils its answers: it fails two and a half times as often.</summary>
    public static SimulatedRelease OnSickReplica { get; } = new("v7 on a sick replica", 0.004, 0.003, 0.80);

    /// <summary>
    /// Probabilities of the eight combinations of flags (1 toxic, 2 schema failure, 4 wrong; 0 is a good answer), for ordinary
    /// requests (stratum 0) or attacks (1). The flags are independent.
    /// </summary>
    public ImmutableArray<double> Flags(int stratum)
    {
        double[] rates = [Toxic + (stratum * AttackToxicity), SchemaFailure, 1 - Accuracy];
        return
        [
            .. Enumerable.Range(0, 1 << rates.Length)
                .Select(flags => rates.Select((rate, bit) => (flags >> bit & 1) == 1 ? rate : 1 - rate).Aggregate(1.0, (a, b) => a * b)),
        ];
    }

    /// <summary>Probabilities of toxic, schema, wrong, correct when only the first of an answer's flags counts.</summary>
    public ImmutableArray<double> Outcomes(int stratum)
    {
        var outcomes = new double[4];
        foreach (var (flags, probability) in Flags(stratum).Index())
        {
            outcomes[CategoryOf(flags)] += probability;
        }

        return [.. outcomes];
    }

    /// <summary>The same probabilities over all requests.</summary>
    public ImmutableArray<double> Outcomes() =>
        [.. Outcomes(0).Zip(Outcomes(1), (ordinary, attack) => ((1 - AttackShare) * ordinary) + (AttackShare * attack))];

    /// <summary>The category of an answer: its first flag, as the ring meets them, or 3 for a good one.</summary>
    public static int CategoryOf(int flags) => flags == 0 ? 3 : int.TrailingZeroCount(flags);
}
