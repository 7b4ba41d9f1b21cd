using Backstop.Core.Evidence;
using Backstop.Gateway.Signals;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Routing;

/// <summary>A clock that jumps ends no lease, prolongs none, and holds no evidence up.</summary>
public sealed class ClockTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_wall_clock_that_jumps_an_hour_changes_nothing_for_a_canary(int hours)
    {
        var clock = new JumpingClock();
        await using var fleet = await SmallFleet.Start(SmallFleet.Canary, time: clock);
        Assert.Equal("v8", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-release"]);
        await Reported.Of(fleet, EvidenceGroup.Form, 1);
        clock.JumpWall(hours * Hour);

        Assert.Equal("v8", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-release"]);
        Assert.Equal(["Unlabelled:Unlabelled", "Unlabelled:Unlabelled"], await Reported.Of(fleet, EvidenceGroup.Form, 2));
    }

    [Fact]
    public async Task A_lease_runs_out_by_the_time_that_passed_whatever_the_wall_clock_says()
    {
        var clock = new JumpingClock();
        await using var fleet = await SmallFleet.Start(SmallFleet.Canary, time: clock);
        clock.JumpWall(-Hour);
        clock.LetPass(TimeSpan.FromMinutes(11));

        Assert.Equal("v7", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-release"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task What_is_told_of_started_requests_is_told_by_one_clock_that_nobody_sets_and_control_sees_what_it_shows(int hours)
    {
        var clock = new JumpingClock();
        await using var fleet = await SmallFleet.Start(time: clock);
        var before = clock.GetUtcNow().ToUnixTimeMilliseconds();
        clock.JumpWall(hours * Hour);
        await fleet.Gateway.Chat("Hello?");
        var message = (await Eventually.Is(() => fleet.Control.Heard, heard => heard.Any(m => m.Batch?.Started.Count > 0))).First(m => m.Batch?.Started.Count > 0);

        Assert.InRange(message.Batch.Started[0].LastMs - before, 0, 60_000);
        Assert.InRange(message.SentMs - message.Batch.Started[0].LastMs, 0, 60_000);
        Assert.All(fleet.Control.Heard, m => Assert.InRange(m.SentMs - before, -60_000, 60_000));
    }

    [Fact]
    public void The_time_of_signals_never_goes_back_never_stands_still_and_meets_the_wall_clock_again()
    {
        var wall = new JumpingClock();
        var clock = new SteadyClock(wall);
        var before = clock.Now();
        wall.JumpWall(-Hour);
        for (var minute = 0; minute < 60; minute++)
        {
            wall.LetPass(TimeSpan.FromMinutes(1));
            wall.JumpWall(TimeSpan.FromMinutes(1));
            var now = clock.Now();
            Assert.InRange(now - before, TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(35));
            before = now;
        }

        wall.LetPass(Hour);
        wall.JumpWall(Hour);
        Assert.InRange(clock.Now() - wall.GetUtcNow(), TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(1));
        wall.JumpWall(Hour);
        Assert.InRange(clock.Now() - wall.GetUtcNow(), TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(1));
    }
}
