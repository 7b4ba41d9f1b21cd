using System.Collections.Immutable;

namespace Backstop.Simulation.Fleets.Invariants;

/// <summary>Something that must always hold, checked from what an onlooker sees. It shares no code with what it checks.</summary>
public abstract class Invariant
{
    // The first few tell the story; a defect that shows with every request need not fill the memory.
    private const int MostKept = 5;

    private readonly List<string> _violations = [];

    /// <summary>All checkers, fresh.</summary>
    /// <param name="candidateLease">How long one word of control lets a gateway expose a candidate.</param>
    public static ImmutableArray<Invariant> All(TimeSpan candidateLease) =>
    [
        new GenerationOnlyRises(),
        new CommittedSwapSurvives(),
        new NothingBadAfterAcknowledgement(),
        new RolledBackMeansObserved(),
        new StartedRollbackCompletes(),
        new ExposureNeedsHealth(),
        new CandidateNeedsLease(candidateLease),
        new EvidenceStaysInItsGeneration(),
        new BatchCountsOnce(),
    ];

    /// <summary>What must hold, as a sentence.</summary>
    public abstract string Promise { get; }

    /// <summary>How often it did not.</summary>
    public long Count { get; private set; }

    /// <summary>The first times it did not hold, in words.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Takes in what happened.</summary>
    public abstract void See(FleetEvent e);

    /// <summary>The run is over and the fleet had time to come to rest.</summary>
    public virtual void End()
    {
    }

    /// <summary>It did not hold.</summary>
    protected void Broken(string how)
    {
        Count++;
        if (_violations.Count < MostKept)
        {
            _violations.Add(how);
        }
    }
}
