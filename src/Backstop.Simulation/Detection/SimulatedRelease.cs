using System.Collections.Immutable;

namespace Backstop.Simulation.Detection;

/// <summary>A release as the textbook describes one: what its answers are, before any ring acts.</summary>
/// <param name="Toxic">Probability of a toxic answer to an ordinary request.</param>
/// <param name="SchemaFailure">Probability of broken output, given that it is not toxic.</param>
/// <param name="Accuracy">Probability of a right answer, given that it is neither.</param>
public sealed record SimulatedRelease(string Name, double Toxic, double SchemaFailure, double Accuracy)
{
    /// <summary>Share of requests that are attacks.</summary>
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

    /// <summary>Probabilities of toxic, schema failure, wrong, correct, for ordinary requests (0) or attacks (1).</summary>
    public ImmutableArray<double> Outcomes(int stratum)
    {
        var toxic = Toxic + (stratum * AttackToxicity);
        var schema = (1 - toxic) * SchemaFailure;
        var rest = 1 - toxic - schema;
        return [toxic, schema, rest * (1 - Accuracy), rest * Accuracy];
    }

    /// <summary>The same probabilities over all requests.</summary>
    public ImmutableArray<double> Outcomes() =>
        [.. Outcomes(0).Zip(Outcomes(1), (ordinary, attack) => ((1 - AttackShare) * ordinary) + (AttackShare * attack))];
}
