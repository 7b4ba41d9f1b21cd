using Backstop.Simulation.Fleets;
using Backstop.Simulation.Fleets.Invariants;

namespace Backstop.Simulation.Tests.Fleets;

/// <summary>Each checker is shown a fleet with a defect put in on purpose: one that keeps silent is no checker.</summary>
public class SeededBugTests
{
    // Long silences under a short lease, so that leases run out while the candidate is exposed.
    private static readonly FaultPlan Silences = FaultPlan.Rough with
    {
        PartitionEvery = TimeSpan.FromSeconds(2),
        MeanOutage = TimeSpan.FromSeconds(5),
        LongestOutage = TimeSpan.FromSeconds(10),
    };

    private static readonly FaultPlan Restless = FaultPlan.Rough with
    {
        ControlCrashEvery = TimeSpan.FromSeconds(3),
        GatewayCrashEvery = TimeSpan.FromSeconds(2),
    };

    [Theory]
    [InlineData(SeededBug.StartsFromAnOldFile, nameof(GenerationOnlyRises))]
    [InlineData(SeededBug.ForgetsACommit, nameof(CommittedSwapSurvives))]
    [InlineData(SeededBug.AcknowledgesUnapplied, nameof(NothingBadAfterAcknowledgement))]
    [InlineData(SeededBug.NeverRepeatsAPush, nameof(StartedRollbackCompletes))]
    [InlineData(SeededBug.RaisesWithoutEvidence, nameof(ExposureNeedsHealth))]
    [InlineData(SeededBug.IgnoresLease, nameof(CandidateNeedsLease))]
    [InlineData(SeededBug.MixesGenerations, nameof(EvidenceStaysInItsGeneration))]
    [InlineData(SeededBug.CountsBatchesTwice, nameof(BatchCountsOnce))]
    [InlineData(SeededBug.AcknowledgesUnstored, nameof(BatchCountsOnce))]
    [InlineData(SeededBug.TrustsTheAway, nameof(RolledBackMeansObserved))]
    public void A_defect_is_noticed_by_the_checker_that_is_there_for_it(SeededBug bug, string checker)
    {
        var noticed = Enumerable.Range(1, 5).Select(seed => SimulatedFleet.Run(Options(bug, (ulong)seed)))
            .Any(run => run.Violations.Any(v => v.Checker == checker));
        Assert.True(noticed, $"{checker} did not notice {bug} in five runs");
    }

    private static FleetOptions Options(SeededBug bug, ulong seed)
    {
        var options = new FleetOptions { Seed = seed, Bug = bug, FaultsFor = TimeSpan.FromSeconds(20), Longest = TimeSpan.FromSeconds(60) };
        return bug switch
        {
            SeededBug.IgnoresLease => options with
            {
                Release = FleetRelease.Good, Faults = Silences, CandidateLease = TimeSpan.FromSeconds(1),
            },
            SeededBug.TrustsTheAway => SimulatedFleetTests.LongAway(seed) with { Bug = bug },
            SeededBug.NeverRepeatsAPush => options with { Gateways = 10, Faults = FaultPlan.None with { PartitionEvery = TimeSpan.FromSeconds(1) } },
            _ => options with { Faults = Restless },
        };
    }
}
