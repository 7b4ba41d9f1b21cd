using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;

namespace Backstop.Core.Tests.Rollouts.Edges;

/// <summary>Events that meet in the wrong order, clocks that are set, ways back that are missing. The numbers are those of docs/rollouts.md.</summary>
public sealed class RolloutEdgeTests
{
    [Fact]
    public void E02_an_abort_between_the_promotion_and_its_acknowledgements_rolls_back()
    {
        var promoting = Lives.Promoting();
        Assert.Equal((RolloutStatus.Promoting, "v8"), (promoting.Rollout.Status, promoting.Alias.Current));
        var back = promoting.Then(new RolloutEvent.AbortRequested(promoting.At(1), "a person"));
        Assert.Equal((RolloutStatus.RollingBack, "v7", 3L), (back.Rollout.Status, back.Alias.Current, back.Alias.Generation));

        // The acknowledgements of the promotion that come now are of a generation that is over.
        Assert.Equal(RolloutStatus.RollingBack, back.Then(new RolloutEvent.Converged(back.At(1), 2)).Rollout.Status);
    }

    [Fact]
    public void E04_an_abort_during_the_bake_returns_to_the_warm_previous_release()
    {
        var back = Lives.Baking().Then(new RolloutEvent.AbortRequested(Lives.Start, "a person"));
        Assert.Equal((RolloutStatus.RollingBack, "v7"), (back.Rollout.Status, back.Alias.Current));
    }

    [Fact]
    public void E04_an_abort_with_nothing_left_to_return_to_pages_and_is_never_called_rolled_back()
    {
        var baking = Lives.Baking();
        var lost = baking with { Alias = baking.Alias with { Previous = null } };
        var decision = RolloutMachine.Step(lost, new RolloutEvent.AbortRequested(lost.At(1), "a person"));
        Assert.Equal(RolloutStatus.RollbackDegraded, decision.Next.Rollout.Status);
        Assert.Contains(decision.Effects, e => e is Effect.Page);

        // It is served still, so neither acknowledgements nor a quiet night make a rollback of it.
        var later = decision.Next.Then(
            new RolloutEvent.Converged(decision.Next.At(1), decision.Next.Alias.Generation),
            new RolloutEvent.Observed(decision.Next.At(9), OnBadRelease: 0, TimeSpan.FromMinutes(9)));
        Assert.Equal(RolloutStatus.RollbackDegraded, later.Rollout.Status);
    }

    [Fact]
    public void E05_a_regression_takes_back_at_once_though_the_step_has_just_begun()
    {
        var canary = Lives.Canary();
        var back = canary.Then(canary.Judged(Verdict.Regressed));
        Assert.Equal((RolloutStatus.RollingBack, TimeSpan.Zero), (back.Rollout.Status, back.Rollout.Watched));
        Assert.Null(back.Alias.Candidate);
    }

    [Fact]
    public void E08_a_new_rollout_begins_only_when_every_gateway_said_that_the_old_candidate_has_no_share()
    {
        var canary = Lives.Canary();
        var superseded = RolloutMachine.Step(canary, new RolloutEvent.SupersedeRequested(canary.At(1), "r2"));
        Assert.Equal((RolloutStatus.RollingBack, null), (superseded.Next.Rollout.Status, superseded.Next.Alias.Candidate));
        Assert.DoesNotContain(superseded.Effects, e => e is Effect.StartSuccessor);
        var over = RolloutMachine.Step(superseded.Next, new RolloutEvent.Converged(canary.At(2), superseded.Next.Alias.Generation));
        Assert.Equal(RolloutStatus.Superseded, over.Next.Rollout.Status);
        Assert.Contains(over.Effects, e => e is Effect.StartSuccessor);
        Assert.Empty(over.Next.Alias.Quarantined);
    }

    [Fact]
    public void E11_a_plan_is_tightened_at_any_time_and_loosened_by_an_approval_only()
    {
        var canary = Lives.Canary();
        var wider = Lives.Plan with { Steps = [Lives.Plan.Steps[0], Lives.Plan.Steps[1] with { BasisPoints = 9000 }] };
        var looser = RolloutMachine.Step(canary, new RolloutEvent.PlanChanged(canary.At(1), wider, Approval: null));
        Assert.Equal("the plan may be tightened at any time, but step 2 is wider: that needs an approval", looser.Refused);
        Assert.Equal(Lives.Plan, looser.Next.Rollout.Plan);
        Assert.Equal(wider, canary.Then(new RolloutEvent.PlanChanged(canary.At(1), wider, "ann: a quiet day")).Rollout.Plan);

        // Tighter takes effect at once: the share of the step that is under way goes down.
        var tighter = Lives.Plan with { Steps = [Lives.Plan.Steps[0] with { BasisPoints = 100 }, Lives.Plan.Steps[1]] };
        var shrunk = RolloutMachine.Step(canary, new RolloutEvent.PlanChanged(canary.At(1), tighter, Approval: null));
        Assert.Null(shrunk.Refused);
        Assert.Equal(100, shrunk.Next.Alias.CandidateBasisPoints);
        Assert.Contains(shrunk.Effects, e => e is Effect.Push);
    }

    [Fact]
    public void E11_a_plan_that_was_changed_behind_the_machines_back_is_not_carried_out()
    {
        var canary = Lives.Canary();
        var forged = canary with { Rollout = canary.Rollout with { Plan = Lives.Plan with { Steps = [Lives.Plan.Steps[0], new(10_000, TimeSpan.Zero, 0)] } } };
        var waiting = forged.Healthy(seconds: 30);
        Assert.Equal((RolloutStatus.Canary, 500), (waiting.Rollout.Status, waiting.Alias.CandidateBasisPoints));
        Assert.Contains("not the one that was submitted", waiting.Rollout.Waits, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void E24_a_clock_that_is_set_by_an_hour_shortens_no_dwell_and_no_bake(int hours)
    {
        var canary = Lives.Canary().Healthy(seconds: 5);
        var jumped = canary.Then(canary.Judged(Verdict.Healthy, after: hours * 3600));
        Assert.Equal((RolloutStatus.Canary, 0), (jumped.Rollout.Status, jumped.Rollout.Step));
        Assert.Equal(0, jumped.Healthy(seconds: 14).Rollout.Step);
        Assert.Equal(1, jumped.Healthy(seconds: 16).Rollout.Step);

        var baking = Lives.Baking().Healthy(seconds: 5);
        var late = baking.Then(baking.Judged(Verdict.Healthy, after: hours * 3600));
        Assert.Equal(RolloutStatus.Baking, late.Healthy(seconds: 24).Rollout.Status);
        Assert.Equal(RolloutStatus.Completed, late.Healthy(seconds: 26).Rollout.Status);
    }

    [Fact]
    public void E24_a_hold_is_not_over_because_a_clock_was_set_forward()
    {
        var canary = Lives.Canary();
        var held = canary.Then(canary.Judged(Verdict.Inconclusive));
        Assert.Equal(RolloutStatus.Held, held.Then(new RolloutEvent.Ticked(held.At(48 * 3600))).Rollout.Status);
    }

    [Fact]
    public void E39_servers_that_answer_but_not_as_they_should_stop_the_promotion()
    {
        var canary = Lives.Canary(Lives.Plan with { Steps = [Lives.Plan.Steps[0]], WarmFor = TimeSpan.FromSeconds(5) });
        var cold = canary.Healthy(seconds: 20).Then(new RolloutEvent.Warmed(canary.At(20), "replica http://a of v7 answers as v5"));
        Assert.Equal(RolloutStatus.Canary, cold.Healthy(seconds: 30).Rollout.Status);
        Assert.Equal("v7", cold.Healthy(seconds: 30).Alias.Current);
        var warm = cold.Healthy(seconds: 1);
        Assert.Equal("v8", warm.Then(new RolloutEvent.Warmed(warm.At(0), Failed: null)).Healthy(seconds: 1).Alias.Current);
    }

    [Fact]
    public void E41_a_rollback_asks_for_nothing_but_a_push()
    {
        var canary = Lives.Canary();
        Assert.Equal([new Effect.Push()], RolloutMachine.Step(canary, new RolloutEvent.AbortRequested(canary.At(1), "a person")).Effects);
        var baking = Lives.Baking();
        Assert.Equal([new Effect.Push()], RolloutMachine.Step(baking, new RolloutEvent.AbortRequested(baking.At(1), "a person")).Effects);
    }

    [Fact]
    public void E44_a_release_that_was_rolled_back_is_refused_until_a_person_approves_it()
    {
        var canary = Lives.Canary();
        var alias = canary.Then(canary.Judged(Verdict.Regressed)).Alias;
        var again = RolloutMachine.Submit(alias, "r2", "v8", Lives.Plan, Lives.Start.AddMinutes(5));
        Assert.Contains("quarantined", again.Refused, StringComparison.Ordinal);
        var approved = Assert.IsType<SwapResult.Swapped>(alias.Apply(new AliasChange.Approve("v8"), alias.Generation)).Alias;
        Assert.Null(RolloutMachine.Submit(approved, "r2", "v8", Lives.Plan, Lives.Start.AddMinutes(5)).Refused);
    }

    [Fact]
    public void E44_two_bad_releases_in_turn_do_not_swing_the_traffic_to_and_fro()
    {
        var baking = Lives.Baking();
        var alias = baking.Then(baking.Judged(Verdict.Regressed)).Alias;
        Assert.Equal("v7", alias.Current);
        Assert.Contains("shortly before", RolloutMachine.Submit(alias, "r2", "v9", Lives.Plan, Lives.Start.AddMinutes(5)).Refused, StringComparison.Ordinal);

        // Forced past the cool-down, the next bad one is contained and a person is paged: half the users are safe, and nothing swings.
        var forced = Lives.Plan with { Steps = [], BreakGlass = "v7 is broken too" };
        var second = RolloutMachine.Submit(alias, "r2", "v9", forced, Lives.Start.AddMinutes(1)).Next.Then(new RolloutEvent.Warmed(Lives.Start.AddMinutes(1), Failed: null));
        second = second.Then(new RolloutEvent.Converged(second.At(1), second.Alias.Generation));
        var decision = RolloutMachine.Step(second, second.Judged(Verdict.Regressed, after: 1));
        Assert.Equal(("v9", 5000), (decision.Next.Alias.Current, decision.Next.Alias.HoldbackBasisPoints));
        Assert.Contains(decision.Effects, e => e is Effect.Page);
        Assert.Equal("v7", decision.Next.Then(new RolloutEvent.AbortRequested(decision.Next.At(1), "a person")).Alias.Current);
    }

    [Fact]
    public void A_freeze_holds_up_a_step_and_never_a_rollback()
    {
        var canary = Lives.Canary();
        var frozen = canary with { Alias = canary.Alias with { Freezes = [new(Lives.Start, Lives.Start.AddHours(1), "the launch")] } };
        var waiting = frozen.Healthy(seconds: 40);
        Assert.Equal((RolloutStatus.Canary, 500), (waiting.Rollout.Status, waiting.Alias.CandidateBasisPoints));
        Assert.Contains("the launch", waiting.Rollout.Waits, StringComparison.Ordinal);
        Assert.Null(waiting.Then(waiting.Judged(Verdict.Regressed)).Alias.Candidate);
    }

    [Fact]
    public void A_step_that_nobody_approves_is_held_and_taken_back_though_every_verdict_is_healthy()
    {
        var plan = Lives.Plan with { Steps = [Lives.Plan.Steps[0], Lives.Plan.Steps[1] with { Approval = true }], HeldDeadline = TimeSpan.FromMinutes(10) };
        var best = Forecast.AtBest(RolloutMachine.Submit(Lives.Alias, "r1", "v8", plan, Lives.Start).Next, Lives.Start);
        Assert.Equal([RolloutStatus.Held, RolloutStatus.RollingBack], best.Select(s => s.Status).Where(s => s is RolloutStatus.Held or RolloutStatus.RollingBack));
    }

    [Fact]
    public void A_freeze_comes_again_every_week()
    {
        var weekend = new FreezeWindow(Lives.Start, Lives.Start.AddDays(2), "weekend", EveryWeek: true);
        Assert.Equal(Lives.Start.AddDays(9), weekend.EndOf(Lives.Start.AddDays(8)));
        Assert.Null(weekend.EndOf(Lives.Start.AddDays(3)));
        Assert.Null(weekend.EndOf(Lives.Start.AddDays(-1)));
    }

    [Fact]
    public void A_forecast_says_when_silence_holds_a_rollout_and_when_it_is_taken_back()
    {
        var submitted = RolloutMachine.Submit(Lives.Alias, "r1", "v8", Lives.Plan with { HeldDeadline = TimeSpan.FromMinutes(10) }, Lives.Start).Next;
        var silence = Forecast.InSilence(submitted, Lives.Start);
        Assert.Equal(Lives.Start.AddSeconds(20), Assert.Single(silence, s => s.Status == RolloutStatus.Held).At);
        Assert.Equal(Lives.Start.AddSeconds(620), Assert.Single(silence, s => s.Status == RolloutStatus.RollingBack).At);
        Assert.Equal(RolloutStatus.RolledBack, silence[^1].Status);

        var best = Forecast.AtBest(submitted, Lives.Start);
        Assert.Equal([500, 5000], best.Where(s => s.Status == RolloutStatus.Canary).Select(s => s.BasisPoints).Distinct());
        Assert.Equal((RolloutStatus.Completed, 9500), (best[^1].Status, best[^1].BasisPoints));
    }
}
