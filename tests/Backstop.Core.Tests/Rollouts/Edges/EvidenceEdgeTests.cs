using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;

namespace Backstop.Core.Tests.Rollouts.Edges;

/// <summary>Evidence that is missing, wrong or misleading, and what the machine makes of it. The numbers are those of docs/rollouts.md.</summary>
public sealed class EvidenceEdgeTests
{
    private static readonly RolloutPlan Canary = JudgedRollout.Canary;
    private static readonly RolloutPlan AtOnce = Canary with { Steps = [] };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void E25_a_window_or_two_without_signals_change_nothing(int windows)
    {
        var rollout = JudgedRollout.Start(1, Canary).Run(6, Answers.Good, Answers.Good).Silence(windows * TimeSpan.FromSeconds(1));
        Assert.Equal((RolloutStatus.Canary, 0), (rollout.Status, rollout.State.Rollout.Step));
        Assert.True(rollout.Run(2000, Answers.Good, Answers.Good, r => r.Status == RolloutStatus.Baking).Status == RolloutStatus.Baking);
    }

    [Fact]
    public void E25_signals_that_stay_away_hold_the_rollout_and_never_raise_it()
    {
        var rollout = JudgedRollout.Start(1, Canary).Run(6, Answers.Good, Answers.Good).Silence(TimeSpan.FromMinutes(2));
        Assert.Equal((RolloutStatus.Held, 1000), (rollout.Status, rollout.State.Alias.CandidateBasisPoints));
        Assert.Contains(rollout.Judgement!.Verdict, new[] { Verdict.NoData, Verdict.Stale });
    }

    [Fact]
    public void E26_a_night_without_traffic_or_with_one_request_holds()
    {
        Assert.Equal(RolloutStatus.Held, JudgedRollout.Start(1, Canary).Silence(TimeSpan.FromSeconds(20)).Status);
        Assert.Equal(RolloutStatus.Held, JudgedRollout.Start(1, Canary).Run(1, Answers.Good, Answers.Good, requests: 1).Silence(TimeSpan.FromSeconds(20)).Status);
    }

    [Fact]
    public void E26_three_users_who_make_all_requests_are_no_sample_and_hold()
    {
        // One of three sticky users fell to the candidate: a third of the requests where a tenth was planned.
        var rollout = JudgedRollout.Start(2, Canary).Run(400, Answers.Good, Answers.Good, r => r.Status == RolloutStatus.Held, share: 1 / 3.0);
        Assert.Equal((RolloutStatus.Held, Verdict.BrokenExperiment), (rollout.Status, rollout.Judgement!.Verdict));
    }

    [Fact]
    public void E27_a_kind_of_failure_that_only_the_candidate_has_takes_it_back()
    {
        var rollout = JudgedRollout.Start(3, Canary).Run(3000, Answers.Good with { Pii = 0.05 }, Answers.Good, r => r.Status == RolloutStatus.RollingBack);
        Assert.Equal(RolloutStatus.RollingBack, rollout.Status);
        Assert.Equal(Outcome.PiiBlocked, rollout.Judgement!.Offending);
    }

    [Fact]
    public void E27_a_kind_of_failure_that_only_the_control_has_is_not_blamed_on_the_candidate()
    {
        var rollout = JudgedRollout.Start(3, Canary).Run(2000, Answers.Good, Answers.Good with { Pii = 0.05 });
        Assert.Null(rollout.State.Rollout.Abort);
        Assert.Empty(rollout.State.Alias.Quarantined);
    }

    [Fact]
    public void E29_a_split_that_is_not_the_planned_one_holds_whatever_it_shows()
    {
        var rollout = JudgedRollout.Start(5, Canary).Run(3000, Answers.Good, Answers.Good, r => r.Status == RolloutStatus.Held, share: 0.05);
        Assert.Equal(RolloutStatus.Held, rollout.Status);
        Assert.Contains(rollout.Judgement!.Verdict, new[] { Verdict.BrokenExperiment, Verdict.Inconclusive });
        Assert.Null(rollout.State.Rollout.Abort);
    }

    [Fact]
    public void E30_a_fault_of_both_arms_holds_and_opens_an_incident_that_blames_nobody()
    {
        var rollout = JudgedRollout.Start(7, Canary).Run(3000, Answers.Bad, Answers.Bad, r => r.Status is RolloutStatus.Held or RolloutStatus.RollingBack);
        Assert.Equal(RolloutStatus.Held, rollout.Status);
        Assert.Contains(rollout.Effects, e => e is Effect.OpenIncident { Blamed: false } incident && incident.Reason.StartsWith("shared", StringComparison.Ordinal));
        Assert.Empty(rollout.State.Alias.Quarantined);
    }

    [Fact]
    public void E31_a_candidate_that_is_right_whenever_it_answers_and_blocked_half_the_time_is_taken_back()
    {
        var picky = new Answers(Wrong: 0, Toxic: 0, Schema: 0.5);
        var rollout = JudgedRollout.Start(9, Canary).Run(2000, picky, Answers.Good, r => r.Status == RolloutStatus.RollingBack);
        Assert.Equal(RolloutStatus.RollingBack, rollout.Status);
    }

    [Fact]
    public void E32_answers_that_nobody_could_check_are_no_data_and_no_pass()
    {
        var rollout = JudgedRollout.Start(11, Canary).Run(400, new(Wrong: 0, Toxic: 0, Schema: 0, Unlabelled: 1), Answers.Good, r => r.Status == RolloutStatus.Held);
        Assert.Equal((RolloutStatus.Held, Verdict.NoData), (rollout.Status, rollout.Judgement!.Verdict));
        Assert.Equal(1000, rollout.State.Alias.CandidateBasisPoints);
    }

    [Fact]
    public void E33_a_release_that_turns_bad_long_after_its_promotion_is_contained_and_taken_back()
    {
        var rollout = JudgedRollout.Start(13, AtOnce).Run(2000, Answers.Good, Answers.Good);
        Assert.Equal(RolloutStatus.Baking, rollout.Status);
        rollout.Run(4000, Answers.Bad, Answers.Good, r => r.Status == RolloutStatus.RollingBack);
        Assert.Equal((RolloutStatus.RollingBack, "v7"), (rollout.Status, rollout.State.Alias.Current));
        Assert.Contains(rollout.Effects, e => e is Effect.OpenIncident { Blamed: true });
    }

    [Theory]
    [InlineData(1000, RolloutStatus.RollingBack)]
    [InlineData(10_000, RolloutStatus.Baking)]
    public void E38_a_release_that_turns_bad_over_an_old_one_that_is_too_small_is_contained_to_what_that_bears_and_taken_back(int bears, RolloutStatus end)
    {
        // With more than a tenth of the traffic the old release breaks down, so half and half shows two bad arms and blames nobody.
        var rollout = JudgedRollout.Start(13, AtOnce, bears: bears).Run(2000, Answers.Good, Answers.Good);
        var most = 0;
        for (var i = 0; i < 1500 && rollout.Status == RolloutStatus.Baking; i++)
        {
            var holdback = rollout.State.Alias.HoldbackBasisPoints;
            most = Math.Max(most, holdback);
            rollout.Run(1, Answers.Bad, holdback > 1000 ? Answers.Bad : Answers.Good);
        }

        Assert.Equal((end, Math.Min(bears, 5000)), (rollout.Status, most));
        Assert.Equal(end == RolloutStatus.Baking, rollout.Judgement!.Shared);
    }

    [Fact]
    public void E34_a_share_that_changes_while_the_world_changes_fools_nobody()
    {
        // In the second step both arms are worse, and the candidate has more of it: pooled, it looks worse than the control.
        var busy = Answers.Good with { Wrong = 0.055 };
        var rollout = JudgedRollout.Start(15, Canary).Run(300, Answers.Good, Answers.Good, r => r.State.Rollout.Step == 1);
        Assert.Equal(1, rollout.State.Rollout.Step);
        rollout.Run(3000, busy, busy, r => r.Status is RolloutStatus.RollingBack);
        Assert.NotEqual(RolloutStatus.RollingBack, rollout.Status);
    }

    [Fact]
    public void E35_of_many_good_releases_under_every_guardrail_none_is_taken_back()
    {
        var plan = Canary with { Steps = [new(1000, TimeSpan.FromHours(1), 200)] };
        Assert.All(Enumerable.Range(100, 60), seed =>
            Assert.NotEqual(RolloutStatus.RollingBack, JudgedRollout.Start(seed, plan).Run(500, Answers.Good, Answers.Good).Status));
    }

    [Fact]
    public void E36_users_all_of_whose_requests_end_the_same_way_take_no_good_release_back_and_hold_none()
    {
        // Counted one by one, such requests held 39 of 40 rollouts and took some of them back.
        var plan = Canary with { Steps = [new(1000, TimeSpan.FromHours(1), 200)] };
        Assert.All(Enumerable.Range(1, 20), seed =>
            Assert.Equal(RolloutStatus.Canary, JudgedRollout.Start(seed, plan).RunUsers(400, users: 3000, requests: 20, Answers.Good, Answers.Good).Status));
    }

    [Fact]
    public void E36_users_all_of_whose_requests_end_the_same_way_still_take_a_bad_release_back() => Assert.Equal(
        RolloutStatus.RollingBack,
        JudgedRollout.Start(1, Canary).RunUsers(400, users: 3000, requests: 20, Answers.Bad, Answers.Good).Status);

    [Fact]
    public void E37_a_release_that_is_bad_before_the_rollout_begins_is_no_control_and_the_rollout_holds()
    {
        var rollout = JudgedRollout.Start(17, Canary, lately: Answers.Bad).Run(2000, Answers.Good, Answers.Bad, r => r.Status is RolloutStatus.Held or RolloutStatus.Promoting);
        Assert.Equal(RolloutStatus.Held, rollout.Status);
        Assert.True(rollout.Judgement!.Shared);
    }

    [Fact]
    public void E37_a_release_that_was_never_verified_is_not_what_a_later_one_returns_to()
    {
        var alias = new Core.Registry.AliasRecord { Name = JudgedRollout.Alias, Current = "v7", LastVerified = "v6", Salt = "s" };
        var state = RolloutMachine.Submit(alias, "r1", "v8", AtOnce, DateTimeOffset.UnixEpoch).Next;
        state = RolloutMachine.Step(state, new RolloutEvent.Gated(DateTimeOffset.UnixEpoch, Failed: null)).Next;
        state = RolloutMachine.Step(state, new RolloutEvent.Warmed(DateTimeOffset.UnixEpoch, Failed: null)).Next;
        Assert.Equal(("v8", "v6"), (state.Alias.Current, state.Alias.Previous));
    }
}
