using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Rollouts;

public sealed class DrillMachineTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly AliasRecord Alias = new() { Name = "assistant:prod", Current = "v8", Previous = "v7", HoldbackBasisPoints = 500, Generation = 7, Salt = "s" };

    [Fact]
    public void A_drill_sends_the_slice_away_and_back_and_measures_both_ways()
    {
        var state = Begin(Route.Whole);
        Assert.Equal((Route.Whole, 8L), (state.Alias.HoldbackBasisPoints, state.Alias.Generation));
        state = Play(
            state,
            new DrillEvent.Converged(After(0.1), 8),
            Seen(after: 3, previous: 30, current: 0, first: 0.2));
        Assert.Equal((DrillPhase.GoingBack, 500, 9L), (state.Drill.Phase, state.Alias.HoldbackBasisPoints, state.Alias.Generation));
        state = Play(
            state,
            new DrillEvent.Converged(After(3.3), 9),
            Seen(after: 6, previous: 2, current: 38, first: 3.4));
        Assert.True(state.Drill.Passed);
        Assert.Equal(state.Drill, state.Alias.Drill);
        Assert.Equal((100.0, 200.0), (state.Drill.Away.Converged!.Value.TotalMilliseconds, state.Drill.Away.Observed!.Value.TotalMilliseconds), Near);
        Assert.Equal((300.0, 400.0), (state.Drill.Back.Converged!.Value.TotalMilliseconds, state.Drill.Back.Observed!.Value.TotalMilliseconds), Near);
        Assert.Null(Drill.Objection(state.Drill, TimeSpan.FromDays(7), After(3600)));
        Assert.NotNull(Drill.Objection(state.Drill, TimeSpan.FromDays(7), Start.AddDays(8)));
    }

    [Fact]
    public void A_drill_is_due_before_the_last_one_is_too_old_soon_after_a_failure_and_never_in_the_middle_of_something()
    {
        var alias = Alias with { DrillEvery = TimeSpan.FromHours(10), DrillBasisPoints = 1000 };
        var passed = Begin(Route.Whole).Drill with { Phase = DrillPhase.Over, EndedAt = Start };
        Assert.True(DrillMachine.IsDue(alias, Start));
        Assert.False(DrillMachine.IsDue(alias with { Drill = passed }, Start.AddHours(7.9)));
        Assert.True(DrillMachine.IsDue(alias with { Drill = passed }, Start.AddHours(8)));
        Assert.True(DrillMachine.IsDue(alias with { Drill = passed with { Failed = "cold" } }, Start.AddHours(1)));
        Assert.False(DrillMachine.IsDue(alias with { Drill = Begin(Route.Whole).Drill }, Start.AddHours(9)));
        Assert.False(DrillMachine.IsDue(alias with { DrillBasisPoints = null }, Start));
        Assert.False(DrillMachine.IsDue(alias with { Candidate = "v9" }, Start));
        Assert.False(DrillMachine.IsDue(alias with { Previous = null }, Start));
        Assert.False(DrillMachine.IsDue(alias with { Freezes = [new(Start, Start.AddHours(1), "launch", EveryWeek: false)] }, Start));
    }

    [Fact]
    public void A_drill_that_was_due_and_could_not_begin_is_one_that_failed()
    {
        var state = DrillMachine.Fail(Alias with { DrillBasisPoints = 1000 }, "d1", "v7 is cold", Start);
        Assert.Equal((500, 8L), (state.Alias.HoldbackBasisPoints, state.Alias.Generation));
        Assert.Contains("v7 is cold", Drill.Objection(state.Alias.Drill, TimeSpan.FromDays(7), Start), StringComparison.Ordinal);
    }

    [Fact]
    public void A_drill_that_nobody_follows_goes_back_and_has_failed()
    {
        var state = Play(Begin(Route.Whole), Seen(after: 31, previous: 0, current: 40, first: null));
        Assert.Equal((DrillPhase.GoingBack, 500), (state.Drill.Phase, state.Alias.HoldbackBasisPoints));
        state = Play(state, new DrillEvent.Converged(After(32), 9), Seen(after: 40, previous: 2, current: 40, first: 33));
        Assert.False(state.Drill.Passed);
        Assert.Contains("acknowledged", state.Drill.Failed, StringComparison.Ordinal);
        Assert.Contains("failed", Drill.Objection(state.Drill, TimeSpan.FromDays(7), After(60)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_gateway_that_acknowledges_and_serves_what_it_served_makes_a_drill_fail()
    {
        var state = Play(Begin(Route.Whole), new DrillEvent.Converged(After(0.1), 8), Seen(after: 31, previous: 38, current: 2, first: 0.2));
        Assert.Contains("38 of 40", state.Drill.Failed, StringComparison.Ordinal);
    }

    [Fact]
    public void A_drill_without_traffic_shows_nothing_and_has_failed()
    {
        var state = Play(Begin(Route.Whole), new DrillEvent.Converged(After(0.1), 8), Seen(after: 31, previous: 0, current: 0, first: null));
        Assert.NotNull(state.Drill.Failed);
    }

    [Fact]
    public void A_new_owner_that_finds_a_drill_under_way_sends_the_slice_back()
    {
        var found = Begin(Route.Whole).Alias;
        var state = Play(new(found.Drill!, found), new DrillEvent.TakenUp(After(5)));
        Assert.Equal((DrillPhase.GoingBack, 500), (state.Drill.Phase, state.Alias.HoldbackBasisPoints));
        Assert.NotNull(state.Drill.Failed);
    }

    [Fact]
    public void A_rollback_in_the_middle_of_a_drill_stands()
    {
        var state = Begin(Route.Whole);
        var reverted = Assert.IsType<SwapResult.Swapped>(state.Alias.Apply(new AliasChange.Revert(), 8)).Alias;
        var over = Play(new(state.Drill, reverted), new DrillEvent.Converged(After(1), 9));
        Assert.Equal((DrillPhase.Over, "v7", 0), (over.Drill.Phase, over.Alias.Current, over.Alias.HoldbackBasisPoints));
        Assert.False(over.Drill.Passed);
    }

    [Fact]
    public void A_pin_in_the_middle_of_a_drill_changes_nothing_about_its_way_back()
    {
        var state = Begin(Route.Whole);
        var pinned = Assert.IsType<SwapResult.Swapped>(state.Alias.Apply(new AliasChange.PinTo(new("ann", "why", Start)), 8)).Alias;
        var back = Play(new(state.Drill, pinned), new DrillEvent.Converged(After(0.1), 9), Seen(after: 3, previous: 30, current: 0, first: 0.2));
        Assert.Equal(500, back.Alias.HoldbackBasisPoints);
    }

    [Theory]
    [InlineData("no previous")]
    [InlineData("candidate")]
    [InlineData("pinned")]
    [InlineData("frozen")]
    [InlineData("share")]
    public void A_drill_is_refused_where_it_would_rehearse_nothing_or_could_not_go_back(string why)
    {
        var alias = why switch
        {
            "no previous" => Alias with { Previous = null },
            "candidate" => Alias with { Candidate = "v9" },
            "pinned" => Alias with { Pin = new("ann", "launch", Start) },
            "frozen" => Alias with { Freezes = [new(Start, Start.AddDays(1), "launch")] },
            _ => Alias,
        };
        var (state, refused) = DrillMachine.Begin(alias, "d1", why == "share" ? 500 : Route.Whole, TimeSpan.Zero, Start);
        Assert.Null(state);
        Assert.NotNull(refused);
    }

    [Fact]
    public void An_alias_that_asks_for_drills_starts_no_rollout_without_one_unless_the_glass_is_broken()
    {
        var alias = Alias with { DrillEvery = TimeSpan.FromDays(7) };
        Assert.Contains("backstop drill", RolloutMachine.Submit(alias, "r1", "v9", new(), Start).Refused, StringComparison.Ordinal);
        Assert.Null(RolloutMachine.Submit(alias, "r1", "v9", new() { BreakGlass = "v8 is broken" }, Start).Refused);
        Assert.Null(RolloutMachine.Submit(Alias, "r1", "v9", new(), Start).Refused);
    }

    private static DrillState Begin(int share) => DrillMachine.Begin(Alias, "d1", share, TimeSpan.FromMilliseconds(20), Start).State!;

    private static DrillState Play(DrillState state, params DrillEvent[] events) => events.Aggregate(state, DrillMachine.Step);

    private static DateTimeOffset After(double seconds) => Start.AddSeconds(seconds);

    private static DrillEvent.Seen Seen(double after, long previous, long current, double? first) => new(
        After(after), first is { } p ? After(p) : null, first is { } c ? After(c) : null, previous, current);

    private static bool Near((double, double) one, (double, double) other) => Math.Abs(one.Item1 - other.Item1) < 1 && Math.Abs(one.Item2 - other.Item2) < 1;
}
