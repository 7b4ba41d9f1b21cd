using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;

namespace Backstop.Simulation.Fleets;

/// <summary>What is promoted over the good release v7.</summary>
public enum FleetRelease
{
    /// <summary>The source text's v8: worse in every way.</summary>
    Bad,

    /// <summary>A release as good as v7.</summary>
    Good,

    /// <summary>A release as good as v7, while something that both depend on breaks.</summary>
    Shared,
}

/// <summary>A defect put in on purpose, to show that a checker notices it.</summary>
public enum SeededBug
{
    None,

    /// <summary>A gateway starts again from the first route it ever wrote down.</summary>
    StartsFromAnOldFile,

    /// <summary>A gateway acknowledges a swap and goes on serving what it served.</summary>
    AcknowledgesUnapplied,

    /// <summary>A gateway exposes the candidate without its lease.</summary>
    IgnoresLease,

    /// <summary>A gateway counts requests under the generation before theirs.</summary>
    MixesGenerations,

    /// <summary>Control merges a batch again under another name.</summary>
    CountsBatchesTwice,

    /// <summary>Control tells gateways that a batch is stored before it is.</summary>
    AcknowledgesUnstored,

    /// <summary>The store loses its last write when control crashes.</summary>
    ForgetsACommit,

    /// <summary>Control pushes a swap once and never again.</summary>
    NeverRepeatsAPush,

    /// <summary>Control takes every verdict for healthy.</summary>
    RaisesWithoutEvidence,

    /// <summary>Control takes a gateway that has been away for a lease for one that serves nothing bad.</summary>
    TrustsTheAway,
}

/// <summary>One run of the simulated fleet. Equal options give equal runs.</summary>
public sealed record FleetOptions
{
    /// <summary>Everything random is drawn from this.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How many gateways. 3 by default.</summary>
    public int Gateways { get; init; } = 3;

    /// <summary>How many regions they are in, evenly. 1 by default.</summary>
    public int Regions { get; init; } = 1;

    /// <summary>What is promoted.</summary>
    public FleetRelease Release { get; init; } = FleetRelease.Bad;

    /// <summary>Requests per second, all gateways together. 200 by default.</summary>
    public double Rate { get; init; } = 200;

    /// <summary>What goes wrong.</summary>
    public FaultPlan Faults { get; init; } = FaultPlan.Rough;

    /// <summary>How the release is exposed: 5 % for at least 5 s, then all but a holdback of 5 %, watched for 15 s.</summary>
    public RolloutPlan Plan { get; init; } = new()
    {
        Steps = [new(BasisPoints: 500, Dwell: TimeSpan.FromSeconds(5), MinUnits: 600)],
        Bake = TimeSpan.FromSeconds(15),
    };

    /// <summary>How it is judged.</summary>
    public EvidencePlan Evidence { get; init; } = new();

    /// <summary>How long gateways expose a candidate without a word from control. 10 s by default.</summary>
    public TimeSpan CandidateLease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time before the promotion, in which the good release makes its history. 10 s by default.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Faults happen for this long after the promotion; then the fleet must come to rest. 40 s by default.</summary>
    public TimeSpan FaultsFor { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>A run that has not come to rest this long after the promotion ends. 150 s by default.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>When both releases get worse in <see cref="FleetRelease.Shared"/>, from the promotion on. 4 s by default.</summary>
    public TimeSpan SharedFaultAfter { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>A defect put in on purpose.</summary>
    public SeededBug Bug { get; init; }
}
