using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;
using Backstop.Simulation.Fleets;
using Backstop.Simulation.Fleets.Invariants;

namespace Backstop.Simulation.Tests.Fleets;

/// <summary>Each checker by itself, on histories written by hand: what must hold is let pass, what must not is noticed.</summary>
public class InvariantTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly BatchName Batch = new("g1", "g1.1", 0);

    [Fact]
    public void A_lower_generation_is_noticed_and_the_same_one_from_disk_is_not()
    {
        Assert.Equal(0, Broken<GenerationOnlyRises>(Applied(1), Applied(2), Applied(2, fromDisk: true), Applied(3)));
        Assert.Equal(1, Broken<GenerationOnlyRises>(Applied(2), Applied(1, fromDisk: true)));
        Assert.Equal(1, Broken<GenerationOnlyRises>(Applied(2), Applied(2)));
        Assert.Equal(1, Broken<GenerationOnlyRises>(Committed(3, RolloutStatus.Canary), Committed(2, RolloutStatus.Canary)));
    }

    [Fact]
    public void A_store_that_forgot_a_swap_is_noticed()
    {
        Assert.Equal(0, Broken<CommittedSwapSurvives>(Committed(2, RolloutStatus.Canary), Restarted(2)));
        Assert.Equal(1, Broken<CommittedSwapSurvives>(Committed(2, RolloutStatus.Canary), Restarted(1)));
        Assert.Equal(1, Broken<CommittedSwapSurvives>(new FleetEvent.Acknowledged(Start, "g1", 2), Restarted(1)));
    }

    [Fact]
    public void A_bad_request_after_the_acknowledgement_is_noticed_and_one_before_it_is_not()
    {
        var rollback = Committed(3, RolloutStatus.RollingBack, aborted: true);
        var acknowledged = new FleetEvent.Acknowledged(Start, "g1", 3);
        Assert.Equal(0, Broken<NothingBadAfterAcknowledgement>(rollback, Started("g1", "v8"), acknowledged, Started("g2", "v8"), Started("g1", "v7")));
        Assert.Equal(1, Broken<NothingBadAfterAcknowledgement>(rollback, acknowledged, Started("g1", "v8")));
    }

    [Fact]
    public void A_bad_request_after_rolled_back_is_noticed_at_any_gateway()
    {
        var over = Committed(3, RolloutStatus.RolledBack, aborted: true);
        Assert.Equal(0, Broken<RolledBackMeansObserved>(Started("g1", "v8"), over, Started("g1", "v7")));
        Assert.Equal(1, Broken<RolledBackMeansObserved>(over, Started("g2", "v8")));
    }

    [Fact]
    public void A_rollback_that_never_ends_or_turns_round_is_noticed()
    {
        var rollback = Committed(3, RolloutStatus.RollingBack, aborted: true);
        Assert.Equal(0, Broken<StartedRollbackCompletes>(rollback, Committed(3, RolloutStatus.RolledBack, aborted: true)));
        Assert.Equal(1, Broken<StartedRollbackCompletes>(rollback));
        Assert.Equal(1, Broken<StartedRollbackCompletes>(rollback, Committed(3, RolloutStatus.RollbackDegraded, aborted: true)));
        Assert.Equal(2, Broken<StartedRollbackCompletes>(rollback, Committed(4, RolloutStatus.Canary, exposure: 500)));
    }

    [Fact]
    public void A_share_that_rises_without_health_or_after_an_abort_is_noticed()
    {
        var warming = Committed(1, RolloutStatus.Warming);
        var first = Committed(2, RolloutStatus.Canary, exposure: 500);
        var second = Committed(3, RolloutStatus.Canary, exposure: 2000);
        Assert.Equal(0, Broken<ExposureNeedsHealth>(warming, first, Judged(Verdict.Healthy), second));
        Assert.Equal(1, Broken<ExposureNeedsHealth>(warming, first, second));
        Assert.Equal(1, Broken<ExposureNeedsHealth>(warming, first, Judged(Verdict.NoData), second));
        Assert.Equal(1, Broken<ExposureNeedsHealth>(warming, first, Judged(Verdict.Healthy) with { At = Start.AddSeconds(-1) }, second));
        Assert.Equal(1, Broken<ExposureNeedsHealth>(
            warming, first, Committed(3, RolloutStatus.RollingBack, aborted: true), Judged(Verdict.Healthy), second with { Generation = 4 }));
    }

    [Fact]
    public void A_candidate_without_its_lease_is_noticed()
    {
        var renewed = new FleetEvent.LeaseRenewed(Start, "g1", 2);
        var exposed = Started("g1", "v8") with { Arm = Arm.Candidate };
        Assert.Equal(0, Broken(new CandidateNeedsLease(TimeSpan.FromSeconds(10)), renewed, exposed with { At = Start.AddSeconds(10) }));
        Assert.Equal(1, Broken(new CandidateNeedsLease(TimeSpan.FromSeconds(10)), renewed, exposed with { At = Start.AddSeconds(11) }));
        Assert.Equal(1, Broken(new CandidateNeedsLease(TimeSpan.FromSeconds(10)), renewed, new FleetEvent.Crashed(Start, "g1"), exposed));
    }

    [Fact]
    public void Evidence_under_another_generation_is_noticed()
    {
        var canary = Committed(2, RolloutStatus.Canary, exposure: 500);
        Assert.Equal(0, Broken<EvidenceStaysInItsGeneration>(canary, Started("g1", "v7"), Counted(2, 1), Judged(Verdict.Healthy)));
        Assert.Equal(1, Broken<EvidenceStaysInItsGeneration>(canary, Started("g1", "v7"), Counted(1, 1)));
        Assert.Equal(1, Broken<EvidenceStaysInItsGeneration>(Judged(Verdict.Healthy)));
        Assert.Equal(1, Broken<EvidenceStaysInItsGeneration>(Committed(2, RolloutStatus.Warming), Judged(Verdict.Healthy)));
    }

    [Fact]
    public void A_batch_counted_twice_or_lost_after_it_was_stored_is_noticed()
    {
        var shipped = new FleetEvent.Shipped(Start, "g1", Batch, [new(2, Arm.Baseline, 5)]);
        var merged = new FleetEvent.Merged(Start, "control", Batch);
        var stored = new FleetEvent.Stored(Start, "control", Batch);
        Assert.Equal(0, Broken<BatchCountsOnce>(shipped, merged, merged, Counted(2, 5), stored, Counted(2, 5)));
        Assert.Equal(0, Broken<BatchCountsOnce>(shipped, merged, Counted(2, 0)));
        Assert.Equal(1, Broken<BatchCountsOnce>(shipped, merged, Counted(2, 10)));
        Assert.Equal(1, Broken<BatchCountsOnce>(shipped, merged, stored, Counted(2, 0)));
    }

    private static long Broken<T>(params ImmutableArray<FleetEvent> history)
        where T : Invariant, new() => Broken(new T(), history);

    private static long Broken(Invariant invariant, params ImmutableArray<FleetEvent> history)
    {
        foreach (var e in history)
        {
            invariant.See(e);
        }

        invariant.End();
        return invariant.Count;
    }

    private static FleetEvent.Applied Applied(long generation, bool fromDisk = false) => new(Start, "g1", generation, fromDisk);

    private static FleetEvent.Restarted Restarted(long generation) => new(Start, "control", generation);

    private static FleetEvent.Started Started(string gateway, string release) => new(Start, gateway, 2, Arm.Baseline, release);

    private static FleetEvent.Counted Counted(long generation, long requests) => new(Start, "control", [new(generation, Arm.Baseline, requests)]);

    private static FleetEvent.Committed Committed(long generation, RolloutStatus status, int exposure = 0, bool aborted = false) =>
        new(Start, "control", generation, status, "v7", exposure > 0 ? "v8" : null, exposure, null, 0, "v8", "v7", aborted);

    private static FleetEvent.Judged Judged(Verdict verdict) => new(
        Start, "control", new([new(new(SimulatedFleet.Alias, 1, 2), 0.05)], Arm.Candidate, Arm.Baseline), verdict, 1000, "");
}
