using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;
using CsCheck;

namespace Backstop.Core.Tests.Rollouts;

public sealed class RolloutMachineTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;
    private static readonly AliasRecord Alias = new() { Name = "assistant:prod", Current = "v7", Salt = "s" };

    private static readonly RolloutPlan Canary = new()
    {
        Steps = [new(500, TimeSpan.FromSeconds(15), 100), new(5000, TimeSpan.FromSeconds(15), 100)],
        Bake = TimeSpan.FromMinutes(1),
        HeldDeadline = TimeSpan.FromMinutes(1),
    };

    // What may happen, without its time: that is given when the sequence is played.
    private static readonly Gen<Func<DateTimeOffset, long, RolloutEvent>> Events = Gen.Frequency(
        (2, Gen.Bool.Select(Event (bad) => (at, _) => new RolloutEvent.Gated(at, bad ? "no" : null))),
        (2, Gen.Bool.Select(Event (bad) => (at, _) => new RolloutEvent.Warmed(at, bad ? "no" : null))),
        (8, Gen.Const<Event>((at, _) => new RolloutEvent.Judged(at, Verdict.Healthy, 10_000, false, "fine"))),
        (4, Gen.Select(Gen.Enum<Verdict>(), Gen.Int[0, 300], Gen.Bool, Event (verdict, units, alarm) => (at, _) => new RolloutEvent.Judged(at, verdict, units, alarm, $"{verdict}"))),
        (4, Gen.Int[-1, 0].Select(Event (offset) => (at, generation) => new RolloutEvent.Converged(at, generation + offset))),
        (3, Gen.Select(Gen.Int[0, 1], Gen.Int[0, 2000], Event (bad, ms) => (at, _) => new RolloutEvent.Observed(at, bad, TimeSpan.FromMilliseconds(ms)))),
        (1, Gen.Const<Event>((at, _) => new RolloutEvent.AbortRequested(at, "a person"))),
        (3, Gen.Const<Event>((at, _) => new RolloutEvent.Ticked(at))))
        .Select(e => new Func<DateTimeOffset, long, RolloutEvent>(e.Invoke));

    private static readonly Gen<(Func<DateTimeOffset, long, RolloutEvent> Event, int Seconds)[]> Histories =
        Gen.Select(Events, Gen.Int[0, 12]).Array[0, 120];

    private delegate RolloutEvent Event(DateTimeOffset at, long generation);

    [Fact]
    public void Generations_only_rise_and_by_one() => Play((before, _, after) =>
        Assert.InRange(after.Next.Alias.Generation - before.Alias.Generation, 0, 1));

    [Fact]
    public void Whoever_reads_the_alias_row_alone_sees_every_change_of_it() => Play((before, _, after) =>
    {
        if (before.Alias.Generation == after.Next.Alias.Generation)
        {
            Assert.Equal(before.Alias, after.Next.Alias);
        }
        else
        {
            Assert.Contains(after.Effects, e => e is Effect.Push);
        }
    });

    [Fact]
    public void Exposure_rises_only_on_a_healthy_verdict_or_on_warm_replicas() => Play((before, e, after) =>
    {
        if (Exposure(after.Next) > Exposure(before))
        {
            Assert.True(e is RolloutEvent.Judged { Verdict: Verdict.Healthy } or RolloutEvent.Warmed { Failed: null }, $"{e}");
        }
    });

    [Fact]
    public void An_abort_is_written_once_and_nothing_raises_exposure_after_it() => Play((before, _, after) =>
    {
        if (before.Rollout.Abort is { } abort)
        {
            Assert.Equal(abort, after.Next.Rollout.Abort);
            Assert.True(Exposure(after.Next) <= Exposure(before));
        }
    });

    [Fact]
    public void An_abort_takes_back_everything_at_once_whatever_is_going_on() => Play((before, e, after) =>
    {
        if (e is RolloutEvent.AbortRequested && Exposure(before) > 0)
        {
            Assert.Equal(0, Exposure(after.Next));
            Assert.Equal(RolloutStatus.RollingBack, after.Next.Rollout.Status);
        }
    });

    [Fact]
    public void A_regression_takes_back_everything_at_once_and_quarantines_the_release() => Play((before, e, after) =>
    {
        if (e is RolloutEvent.Judged { Verdict: Verdict.Regressed } && Exposure(before) > 0)
        {
            Assert.Equal(0, Exposure(after.Next));
            Assert.Contains("v8", after.Next.Alias.Quarantined);
            Assert.Contains(after.Effects, f => f is Effect.OpenIncident { Blamed: true });
        }
    });

    [Fact]
    public void Rolled_back_means_observed() => Play((before, e, after) =>
    {
        if (after.Next.Rollout.Status == RolloutStatus.RolledBack && before.Rollout.Status != RolloutStatus.RolledBack)
        {
            var seen = Assert.IsType<RolloutEvent.Observed>(e);
            Assert.Equal(0, seen.OnBadRelease);
            Assert.True(seen.Window >= Canary.VerifyWindow);
            Assert.Equal(0, Exposure(after.Next));
        }
    });

    [Fact]
    public void A_promotion_keeps_the_release_to_return_to() => Play((_, _, after) =>
    {
        if (after.Next.Alias.Current == "v8")
        {
            Assert.Equal("v7", after.Next.Alias.Previous);
        }
    });

    [Fact]
    public void A_doubt_that_stays_opens_one_incident_however_its_words_change()
    {
        var baking = Walk(RolloutPlan.AtOnce, new RolloutEvent.Gated(Start, null), new RolloutEvent.Warmed(Start, null), new RolloutEvent.Converged(Start, 2));
        Assert.Equal(RolloutStatus.Baking, baking.Rollout.Status);
        var incidents = 0;
        for (var i = 0; i < 20; i++)
        {
            var decision = RolloutMachine.Step(baking, new RolloutEvent.Judged(Start, Verdict.Inconclusive, 1000, false, $"suspicious: {i} %"));
            incidents += decision.Effects.Count(e => e is Effect.OpenIncident);
            baking = decision.Next;
        }

        Assert.Equal(1, incidents);
        var healthy = RolloutMachine.Step(baking, new RolloutEvent.Judged(Start, Verdict.Healthy, 1000, false, "fine")).Next;
        Assert.Null(healthy.Rollout.Reason);
    }

    [Fact]
    public void A_promoted_release_that_cannot_be_taken_back_pages_instead_of_looking_rejected()
    {
        var baking = Walk(RolloutPlan.AtOnce, new RolloutEvent.Gated(Start, null), new RolloutEvent.Warmed(Start, null), new RolloutEvent.Converged(Start, 2));
        var lost = baking with { Alias = baking.Alias with { Previous = null } };
        var decision = RolloutMachine.Step(lost, new RolloutEvent.AbortRequested(Start, "a person"));
        Assert.Equal(RolloutStatus.RollbackDegraded, decision.Next.Rollout.Status);
        Assert.Contains(decision.Effects, e => e is Effect.Page);
    }

    [Theory]
    [InlineData(PlanEnd.Promote, null, RolloutStatus.Canary)]
    [InlineData(PlanEnd.Promote, "current is broken", RolloutStatus.Promoting)]
    [InlineData(PlanEnd.Withdraw, null, RolloutStatus.Completed)]
    public void A_required_result_that_is_missing_holds_up_what_rises_and_nothing_else(PlanEnd end, string? breakGlass, RolloutStatus then)
    {
        var canary = Walk(
            new() { Steps = [new(500, TimeSpan.Zero, 100)], End = end, BreakGlass = breakGlass }, new RolloutEvent.Gated(Start, null), new RolloutEvent.Warmed(Start, null));
        Assert.Equal(RolloutStatus.Canary, canary.Rollout.Status);
        var missing = RolloutMachine.Step(canary, new RolloutEvent.Judged(Start, Verdict.Healthy, 1000, false, "fine", Missing: "gate sums must have passed it")).Next;
        Assert.Equal(then, missing.Rollout.Status);
        if (then == RolloutStatus.Canary)
        {
            Assert.Equal("gate sums must have passed it", missing.Rollout.Waits);
            Assert.Equal(RolloutStatus.Promoting, RolloutMachine.Step(missing, new RolloutEvent.Judged(Start, Verdict.Healthy, 1000, false, "fine")).Next.Rollout.Status);
        }
    }

    private static void Play(Action<RolloutState, RolloutEvent, Decision> check) => Histories.Sample(
        history =>
        {
            var state = RolloutMachine.Submit(Alias, "r1", "v8", Canary, Start).Next;
            var now = Start;
            foreach (var (make, seconds) in history)
            {
                now += TimeSpan.FromSeconds(seconds);
                var e = make(now, state.Rollout.Generation);
                var decision = RolloutMachine.Step(state, e);
                check(state, e, decision);
                state = decision.Next;
            }
        },
        iter: 5000);

    private static RolloutState Walk(RolloutPlan plan, params RolloutEvent[] events) => events.Aggregate(
        RolloutMachine.Submit(Alias, "r1", "v8", plan, Start).Next, (state, e) => RolloutMachine.Step(state, e).Next);

    private static int Exposure(RolloutState state) => state.Alias switch
    {
        { Current: "v8" } alias => Route.Whole - alias.HoldbackBasisPoints,
        { Candidate: "v8" } alias => alias.CandidateBasisPoints,
        _ => 0,
    };
}
