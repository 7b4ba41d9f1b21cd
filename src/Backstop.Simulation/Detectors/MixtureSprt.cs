using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>The mixture sequential probability ratio test of A/B platforms, on the failure bit, pooled over stages.</summary>
/// <remarks>
/// Normal mixture with standard deviation 0.05 (Johari et al., 2022). Anytime-valid while the rates stand still; a drifting
/// base rate on a ramp makes it fire nearly always, because it pools counts that were drawn with different shares.
/// </remarks>
public sealed class MixtureSprt(double logThreshold) : IDetector
{
    private const double Tau = 0.05;
    private const int FewestPerArm = 30;
    private ArmCounts _counts;

    /// <summary>The test's statistic, log Λ.</summary>
    public static double LogLambda(double testedBad, double tested, double controlBad, double control)
    {
        var counts = new ArmCounts { Tested = tested, TestedBad = testedBad, Control = control, ControlBad = controlBad };
        return LogLambda(counts);
    }

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        _counts.Add(request);
        return Reaction.RollBackIf(_counts.Tested >= FewestPerArm && _counts.Control >= FewestPerArm
            && _counts.Difference > 0 && LogLambda(_counts) >= logThreshold);
    }

    private static double LogLambda(ArmCounts counts)
    {
        var variance = Math.Max(counts.PooledVariance, 1e-12);
        var prior = Tau * Tau;
        return (0.5 * Math.Log(variance / (variance + prior)))
            + (prior * counts.Difference * counts.Difference / (2 * variance * (variance + prior)));
    }
}
