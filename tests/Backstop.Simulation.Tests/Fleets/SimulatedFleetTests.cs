using Backstop.Core.Rollouts;
using Backstop.Simulation.Fleets;

namespace Backstop.Simulation.Tests.Fleets;

public class SimulatedFleetTests
{
    [Fact]
    public void The_same_seed_gives_the_same_trace_byte_for_byte()
    {
        var one = SimulatedFleet.Run(Options(FleetRelease.Bad, 7), out var trace);
        var two = SimulatedFleet.Run(Options(FleetRelease.Bad, 7), out var again);
        Assert.Equal(trace, again);
        Assert.Equal(one.TraceDigest, two.TraceDigest);
    }

    [Fact]
    public void Another_seed_gives_another_trace() =>
        Assert.Equal(3, Runs(FleetRelease.Bad, 3).Select(r => r.TraceDigest).Distinct().Count());

    [Fact]
    public void A_bad_release_is_rolled_back_under_all_faults_and_every_promise_holds() =>
        Assert.All(Runs(FleetRelease.Bad, 20), run =>
        {
            Assert.Empty(run.Violations);
            Assert.Equal((RolloutStatus.RolledBack, "v7", true), (run.Outcome, run.Active, run.ReleaseToBlame));
            Assert.Equal(0, run.ServedAfterConvergence);
            Assert.True(run.Mishaps > 0 && run.MessagesLost > 0 && run.MessagesDoubled > 0 && run.MessagesDetoured > 0);
        });

    [Fact]
    public void A_release_that_turns_out_bad_after_its_promotion_is_rolled_back_too() =>
        Assert.All(Runs(FleetRelease.Bad, 4, o => o with { Plan = o.Plan with { Steps = [] } }), run =>
        {
            Assert.Empty(run.Violations);
            Assert.Equal((RolloutStatus.RolledBack, "v7", true), (run.Outcome, run.Active, run.ReleaseToBlame));
        });

    [Fact]
    public void A_promoted_release_is_called_rolled_back_only_when_gateways_that_were_away_longer_than_a_lease_are_back_too() =>
        Assert.All(Enumerable.Range(1, 5).Select(seed => SimulatedFleet.Run(LongAway((ulong)seed))), run =>
        {
            Assert.Empty(run.Violations);
            Assert.Equal((RolloutStatus.RolledBack, "v7"), (run.Outcome, run.Active));
        });

    [Fact]
    public void In_several_regions_that_are_cut_off_with_wrong_clocks_and_slow_disks_a_bad_release_is_rolled_back_and_every_promise_holds() =>
        Assert.All(Runs(FleetRelease.Bad, 6, o => o with { Gateways = 12, Regions = 3, Faults = FaultPlan.Wide }), run =>
        {
            Assert.Empty(run.Violations);
            Assert.Equal((RolloutStatus.RolledBack, "v7", true), (run.Outcome, run.Active, run.ReleaseToBlame));
        });

    [Fact]
    public void A_store_that_takes_half_a_second_to_write_and_as_long_to_say_so_breaks_no_promise_when_control_dies_in_between() =>
        Assert.All(Runs(FleetRelease.Bad, 8, o => o with { Faults = FaultPlan.Rough with { SlowStore = TimeSpan.FromMilliseconds(500), ControlCrashEvery = TimeSpan.FromSeconds(4) } }), run =>
        {
            Assert.Empty(run.Violations);
            Assert.Equal((RolloutStatus.RolledBack, "v7"), (run.Outcome, run.Active));
        });

    [Theory(Explicit = true)]
    [InlineData(1)]
    [InlineData(2)]
    public void Ten_thousand_gateways_in_five_regions_roll_a_bad_release_back_and_every_promise_holds(int seed)
    {
        var run = SimulatedFleet.Run(Options(FleetRelease.Bad, (ulong)seed) with { Gateways = 10_000, Regions = 5, Rate = 2000, Faults = FaultPlan.Wide });
        Assert.Empty(run.Violations);
        Assert.Equal((RolloutStatus.RolledBack, "v7", true), (run.Outcome, run.Active, run.ReleaseToBlame));
    }

    [Fact]
    public void A_good_release_is_promoted_under_all_faults() =>
        Assert.All(Runs(FleetRelease.Good, 4), run =>
        {
            Assert.Empty(run.Violations);
            Assert.Equal((RolloutStatus.Completed, "v8"), (run.Outcome, run.Active));
        });

    [Fact]
    public void A_fault_that_both_releases_share_rolls_nothing_back_and_the_incident_says_so() =>
        Assert.All(Runs(FleetRelease.Shared, 4), run =>
        {
            Assert.Empty(run.Violations);
            Assert.Null(run.RequestsToDetect);
            Assert.False(run.ReleaseToBlame);
            Assert.StartsWith("shared", run.Incident, StringComparison.Ordinal);
        });

    [Fact]
    public void A_calm_fleet_converges_within_a_second_of_the_decision()
    {
        var run = SimulatedFleet.Run(new() { Gateways = 10, Faults = FaultPlan.None });
        Assert.Empty(run.Violations);
        Assert.InRange(run.ConvergedAfter!.Value, 0, 1);
        Assert.Equal(0, run.MessagesLost);
    }

    // Promoted at once, and cuts that outlast the lease.
    internal static FleetOptions LongAway(ulong seed) => new()
    {
        Seed = seed,
        Gateways = 10,
        CandidateLease = TimeSpan.FromSeconds(2),
        Faults = FaultPlan.None with { PartitionEvery = TimeSpan.FromSeconds(2), MeanOutage = TimeSpan.FromSeconds(20), LongestOutage = TimeSpan.FromSeconds(30) },
        Plan = new() { Steps = [], VerifyWindow = TimeSpan.FromSeconds(1) },
        FaultsFor = TimeSpan.FromSeconds(20),
        Longest = TimeSpan.FromSeconds(120),
    };

    // Faults until well after a bad release is found; longer would only cost time.
    private static FleetOptions Options(FleetRelease release, ulong seed) =>
        new() { Seed = seed, Release = release, FaultsFor = TimeSpan.FromSeconds(15) };

    private static IEnumerable<FleetReport> Runs(FleetRelease release, int seeds, Func<FleetOptions, FleetOptions>? change = null) =>
        Enumerable.Range(1, seeds).Select(seed => Options(release, (ulong)seed))
            .Select(o => SimulatedFleet.Run(change is null ? o : change(o)));
}
