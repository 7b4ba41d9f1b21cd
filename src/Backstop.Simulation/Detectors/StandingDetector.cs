using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rule for a release that has long been in production: a change at an unknown time, every request an epoch of its own.</summary>
/// <param name="cellOf">The test's cell of a request.</param>
public sealed class StandingDetector(CeilingTest test, double logThreshold, Func<SimulatedRequest, int> cellOf) : IDetector
{
    private readonly CeilingDetector _detector = new(test);
    private readonly long[] _counts = new long[test.Cells];

    /// <inheritdoc/>
    public bool Fires(in SimulatedRequest request)
    {
        var cell = cellOf(request);
        _counts[cell] = 1;
        _detector.Add(_counts);
        _counts[cell] = 0;
        return _detector.LogValue >= logThreshold;
    }
}
