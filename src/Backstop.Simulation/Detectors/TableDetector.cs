using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>The cell of a table in which a request is counted.</summary>
public delegate int CellOf(in SimulatedRequest request);

/// <summary>A count table looked at after every request: our rule.</summary>
public sealed class TableDetector(EvidenceBounds bounds, double logThreshold, CellOf cellOf) : ICountedDetector
{
    private readonly RunningEvidence _evidence = new(bounds, logThreshold);

    /// <inheritdoc/>
    public int Cells => bounds.Table.Cells;

    /// <inheritdoc/>
    public int CellOf(in SimulatedRequest request) => cellOf(request);

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request) => Count(cellOf(request));

    /// <inheritdoc/>
    public Reaction Count(int cell) => Reaction.RollBackIf(_evidence.Reaches(cell));

    /// <inheritdoc/>
    public bool CouldReact(ReadOnlySpan<long> counts) => _evidence.CouldReach(counts);

    /// <inheritdoc/>
    public void PassOver(ReadOnlySpan<long> counts) => _evidence.PassOver(counts);
}
