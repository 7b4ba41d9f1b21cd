using Backstop.Core.Rollouts;
using Backstop.Simulation.Fleets;
using Backstop.Simulation.Fleets.Invariants;

namespace Backstop.Simulation.Tests.Fleets;

/// <summary>Whole fleets at the worst moment. The numbers are those of docs/rollouts.md.</summary>
public sealed class FleetEdgeTests
{
    // Long outages of one kind, under a short lease, so that leases run out while a candidate is exposed.
    private static readonly FaultPlan Long = FaultPlan.None with { MeanOutage = TimeSpan.FromSeconds(6), LongestOutage = TimeSpan.FromSeconds(10) };

    [Fact]
    public void E17_a_control_plane_that_is_dead_for_the_whole_canary_exposes_nobody_beyond_the_lease() =>
        Runs(Long with { ControlCrashEvery = TimeSpan.FromSeconds(3) }, nameof(CandidateNeedsLease));

    [Fact]
    public void E18_a_gateway_that_was_cut_off_and_heals_never_goes_back_to_what_was_taken_back() =>
        Runs(Long with { PartitionEvery = TimeSpan.FromSeconds(2) }, nameof(NothingBadAfterAcknowledgement));

    [Fact]
    public void E19_a_gateway_that_starts_from_disk_exposes_no_candidate_before_it_heard_from_control() =>
        Runs(Long with { GatewayCrashEvery = TimeSpan.FromSeconds(2), PartitionEvery = TimeSpan.FromSeconds(4) }, nameof(CandidateNeedsLease));

    [Fact]
    public void E20_a_gateway_that_acknowledges_without_applying_is_seen_and_nothing_is_called_rolled_back_while_it_serves()
    {
        var run = SimulatedFleet.Run(new()
        {
            Seed = 3, Bug = SeededBug.AcknowledgesUnapplied, Faults = FaultPlan.None, FaultsFor = TimeSpan.FromSeconds(15), Longest = TimeSpan.FromSeconds(40),
        });
        Assert.Contains(run.Violations, v => v.Checker == nameof(NothingBadAfterAcknowledgement));
        Assert.Equal(RolloutStatus.RollbackDegraded, run.Outcome);
    }

    [Fact]
    public void E20_such_a_gateway_is_seen_too_when_its_clock_is_far_behind() =>
        Assert.All(Enumerable.Range(1, 6), seed => Assert.Equal(RolloutStatus.RollbackDegraded, SimulatedFleet.Run(new()
        {
            Seed = (ulong)seed,
            Gateways = 1,
            Bug = SeededBug.AcknowledgesUnapplied,
            Faults = FaultPlan.None with { ClockSkew = TimeSpan.FromSeconds(30) },
            FaultsFor = TimeSpan.FromSeconds(15),
            Longest = TimeSpan.FromSeconds(40),
        }).Outcome));

    private static void Runs(FaultPlan faults, string checker)
    {
        Assert.Contains(Invariant.All(TimeSpan.FromSeconds(1)), i => i.GetType().Name == checker);
        Assert.All(Enumerable.Range(1, 3), seed => Assert.Empty(SimulatedFleet.Run(new()
        {
            Seed = (ulong)seed, Faults = faults, CandidateLease = TimeSpan.FromSeconds(1), FaultsFor = TimeSpan.FromSeconds(20), Longest = TimeSpan.FromSeconds(90),
        }).Violations));
    }
}
