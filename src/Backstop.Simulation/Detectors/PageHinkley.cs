using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Page and Hinkley's test on the tested arm's failure bit with the usual settings (δ 0.005, λ 50).</summary>
/// <remarks>One arm, and a threshold that is no probability: over a long run a false alarm is a matter of time.</remarks>
public sealed class PageHinkley : IDetector
{
    private const double Tolerance = 0.005;
    private const double Threshold = 50;
    private const int Fewest = 30;
    private double _seen;
    private double _mean;
    private double _sum;
    private double _least;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        if (!request.Tested)
        {
            return default;
        }

        var bad = request.IsBad ? 1.0 : 0.0;
        _mean += (bad - _mean) / ++_seen;
        _sum += bad - _mean - Tolerance;
        _least = Math.Min(_least, _sum);
        return Reaction.RollBackIf(_seen >= Fewest && _sum - _least > Threshold);
    }
}
