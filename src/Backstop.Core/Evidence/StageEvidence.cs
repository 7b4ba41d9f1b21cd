using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Everything known about one stage: sums, and the same counts over time.</summary>
public sealed class StageEvidence(EvidenceKey key)
{
    private readonly CountTable[] _outcomes = [CountTable.OfOutcomes(), CountTable.OfOutcomes()];
    private readonly CountTable[] _served = [CountTable.OfServed(), CountTable.OfServed()];
    private readonly EpochHistory[] _history = [new(), new()];

    /// <summary>The stage.</summary>
    public EvidenceKey Key => key;

    /// <summary>What the releases answered.</summary>
    public CountTable Outcomes(EvidenceGroup group) => _outcomes[(int)group];

    /// <summary>What the users received.</summary>
    public CountTable Served(EvidenceGroup group) => _served[(int)group];

    /// <summary>What the releases answered, over time.</summary>
    public EpochHistory History(EvidenceGroup group) => _history[(int)group];

    /// <summary>When the newest bucket ended, or null when there is none.</summary>
    public DateTimeOffset? NewestAt =>
        _history[0].Newest is { } form
            ? EpochCounts.StartOf(Math.Max(form, _history[1].Newest ?? form) + 1)
            : _history[1].Newest is { } quality ? EpochCounts.StartOf(quality + 1) : null;

    /// <summary>The arm whose release was the trusted one: the holdback after a promotion, else the baseline.</summary>
    public Arm Control =>
        _outcomes[(int)EvidenceGroup.Form].Total(Arm.Candidate) == 0 && _outcomes[(int)EvidenceGroup.Form].Total(Arm.Holdback) > 0
            ? Arm.Holdback
            : Arm.Baseline;

    internal void Restore(EvidenceGroup group, EpochHistory.Epoch epoch)
    {
        _outcomes[(int)group].Add(epoch.Counts);
        _history[(int)group].Restore(epoch);
    }

    /// <summary>Adds one bucket of one gateway.</summary>
    internal void Add(EpochCounts epoch)
    {
        var group = (int)epoch.Group;
        foreach (var cell in epoch.Cells)
        {
            _outcomes[group].Add(cell.Arm, cell.Stratum, cell.Outcomes.AsSpan());
            _served[group].Add(cell.Arm, cell.Stratum, cell.Served.AsSpan());
        }

        _history[group].Add(epoch.Bucket, epoch.Cells.AsSpan());
    }
}
