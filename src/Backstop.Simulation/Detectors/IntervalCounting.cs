using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Progressive-delivery analysis as Argo Rollouts and Flagger do it: so many failed measurements, and it aborts.</summary>
/// <remarks>Every 480 requests (2 minutes at 4/s) the tested arm's success rate must be 88 %; the fourth failure aborts.</remarks>
public sealed class IntervalCounting : IDetector
{
    private const int Interval = 480;
    private const int FailureLimit = 3;
    private const double SuccessRate = 0.88;
    private ArmCounts _counts;
    private int _requests;
    private int _failures;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        _counts.Add(request);
        if (++_requests % Interval != 0)
        {
            return default;
        }

        _failures += _counts.Tested > 0 && 1 - (_counts.TestedBad / _counts.Tested) < SuccessRate ? 1 : 0;
        _counts = default;
        return Reaction.RollBackIf(_failures > FailureLimit);
    }
}
