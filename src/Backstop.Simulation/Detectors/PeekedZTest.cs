using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>The two-proportion z-test, looked at after every request: right once, wrong when peeked at.</summary>
/// <param name="critical">One-sided critical value: 3.09 for 1e-3.</param>
public sealed class PeekedZTest(double critical) : IDetector
{
    private const int FewestPerArm = 30;
    private ArmCounts _counts;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        _counts.Add(request);
        return Reaction.RollBackIf(_counts.Tested >= FewestPerArm && _counts.Control >= FewestPerArm
            && _counts.Difference > critical * Math.Sqrt(_counts.PooledVariance));
    }
}
