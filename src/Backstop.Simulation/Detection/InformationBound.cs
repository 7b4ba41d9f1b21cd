namespace Backstop.Simulation.Detection;

/// <summary>The fewest requests, on average, in which any rule with this error can detect: log(1/alpha) / D.</summary>
/// <remarks>
/// Wald's inequality, non-asymptotic. With a concurrent control of unknown rates D is the mutual information between arm and
/// outcome; with a control whose rates are known it is the Kullback–Leibler divergence.
/// </remarks>
public static class InformationBound
{
    /// <summary>The bound for the four outcomes, with (<paramref name="stratified"/>) or without the attack flag.</summary>
    /// <param name="logThreshold">What a rule's evidence must reach, in nats: log(1/alpha).</param>
    public static double Requests(SimulatedRelease tested, SimulatedRelease control, double testedShare, double logThreshold, bool stratified)
    {
        var information = stratified
            ? ((1 - SimulatedRelease.AttackShare) * Information(tested.Outcomes(0), control.Outcomes(0), testedShare))
                + (SimulatedRelease.AttackShare * Information(tested.Outcomes(1), control.Outcomes(1), testedShare))
            : Information(tested.Outcomes(), control.Outcomes(), testedShare);
        return logThreshold / information;
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
}
