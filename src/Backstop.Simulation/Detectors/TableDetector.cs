using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>The cell of a table in which a request is counted.</summary>
public delegate int CellOf(in SimulatedRequest request);

/// <summary>A count table looked at after every request: our rule.</summary>
public sealed class TableDetector(EvidenceBounds bounds, double logThreshold, CellOf cellOf) : IDetector
{
    private readonly RunningEvidence _evidence = new(bounds, logThreshold);

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request) => Reaction.RollBackIf(_evidence.Reaches(cellOf(request)));
}
