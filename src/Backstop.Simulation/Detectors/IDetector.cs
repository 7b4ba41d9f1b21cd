using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>A rule that watches requests one by one and fires at most once.</summary>
public interface IDetector
{
    /// <summary>One more request; true when the rule would roll back now.</summary>
    bool Fires(in SimulatedRequest request);
}
