using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>A rule that sees nothing of a request but the cell it is counted in.</summary>
public interface ICountedDetector : IDetector
{
    /// <summary>How many cells there are.</summary>
    int Cells { get; }

    /// <summary>The cell of a request.</summary>
    int CellOf(in SimulatedRequest request);

    /// <summary>One more request of a cell, and what the rule does now.</summary>
    Reaction Count(int cell);

    /// <summary>Whether the rule could do anything at any of these requests, in any order; they are not counted.</summary>
    bool CouldReact(ReadOnlySpan<long> counts);

    /// <summary>Counts requests of which <see cref="CouldReact"/> said no.</summary>
    void PassOver(ReadOnlySpan<long> counts);
}
