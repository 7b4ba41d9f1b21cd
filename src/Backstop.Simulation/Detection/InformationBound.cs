using System.Collections.Immutable;

namespace Backstop.Simulation.Detection;

/// <summary>What a rule gets to see of a request.</summary>
public enum Facts
{
    /// <summary>Its first flag.</summary>
    Outcome,

    /// <summary>Its first flag, and whether it was an attack.</summary>
    OutcomeByAttack,

    /// <summary>All flags of its answer, and whether it was an attack.</summary>
    FlagsByAttack,

    /// <summary>Its latency.</summary>
    Latency,
}

/// <summary>The fewest requests, on average, in which any rule with this error can detect: log(1/alpha) / D.</summary>
/// <remarks>
/// Wald's inequality, non-asymptotic. With a concurrent control of unknown rates D is the mutual information between arm and
/// what is seen of a request; with a control whose rates are known it is the Kullback–Leibler divergence.
/// </remarks>
public static class InformationBound
{
    /// <summary>The bound in one phase.</summary>
    /// <param name="logThreshold">What a rule's evidence must reach, in nats: log(1/alpha).</param>
    public static double Requests(Phase phase, double logThreshold, Facts facts)
    {
        var (tested, control, share) = (phase.Tested, phase.Control, phase.TestedShare);
        return logThreshold / facts switch
        {
            Facts.Outcome => Information(tested.Outcomes(), control.Outcomes(), share),
            Facts.OutcomeByAttack => ByAttack((r, stratum) => r.Outcomes(stratum)),
            Facts.FlagsByAttack => ByAttack((r, stratum) => r.Flags(stratum)),
            Facts.Latency => OfLatency(phase.TestedSlowdown, share),
            _ => throw new ArgumentOutOfRangeException(nameof(facts), facts, "There is no bound for this."),
        };

        double ByAttack(Func<SimulatedRelease, int, ImmutableArray<double>> law) =>
            ((1 - phase.AttackShare) * Information(law(tested, 0), law(control, 0), share))
            + (phase.AttackShare * Information(law(tested, 1), law(control, 1), share));
    }

    /// <summary>Nats per request.</summary>
    public static double Information(IReadOnlyList<double> tested, IReadOnlyList<double> control, double testedShare)
    {
        var nats = 0.0;
        for (var y = 0; y < tested.Count; y++)
        {
            var mixture = testedShare < 1 ? (testedShare * tested[y]) + ((1 - testedShare) * control[y]) : control[y];
            nats += testedShare * tested[y] * Math.Log(tested[y] / mixture);
            nats += testedShare < 1 ? (1 - testedShare) * control[y] * Math.Log(control[y] / mixture) : 0;
        }

        return nats;
    }

    // Both laws known: two normals of the logarithm, apart by the slowdown, summed over fine cells.
    private static double OfLatency(double slowdown, double share)
    {
        const double width = 0.001;
        var shift = Math.Log(slowdown) / RequestStream.LatencySpread;
        double[] cells = [.. Enumerable.Range(-10_000, 20_000).Select(i => (i + 0.5) * width)];
        return Information(
            [.. cells.Select(z => Density(z - shift) * width)], [.. cells.Select(z => Density(z) * width)], share);

        static double Density(double z) => Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI);
    }
}
