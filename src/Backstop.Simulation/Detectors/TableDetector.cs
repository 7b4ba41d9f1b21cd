using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>The cell of a table in which a request is counted.</summary>
public delegate int CellOf(in SimulatedRequest request);

/// <summary>A count table looked at after every request: our rule.</summary>
public sealed class TableDetector(EvidenceBounds bounds, double logThreshold, CellOf cellOf) : IDetector
{
    private readonly RunningEvidence _evidence = new(bounds, logThreshold);

    /// <summary>How many cells its table has.</summary>
    public int Cells => bounds.Table.Cells;

    /// <summary>The cell of a request.</summary>
    public int CellOf(in SimulatedRequest request) => cellOf(request);

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request) => Reaction.RollBackIf(Reaches(cellOf(request)));

    /// <summary>Counts one request; true when the evidence is at the threshold now.</summary>
    public bool Reaches(int cell) => _evidence.Reaches(cell);

    /// <summary>Whether the evidence could be at the threshold after any of these requests, in any order.</summary>
    public bool CouldReach(ReadOnlySpan<long> counts) => _evidence.CouldReach(counts);

    /// <summary>Counts requests among which the evidence cannot be at the threshold.</summary>
    public void PassOver(ReadOnlySpan<long> counts) => _evidence.PassOver(counts);
}
