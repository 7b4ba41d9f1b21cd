using System.Net;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Gateway.Tests.Harness;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Gateway.Tests.Fleet;

/// <summary>The gateway's end of the fleet stream against a control plane that misbehaves.</summary>
public sealed class FleetStreamTests
{
    private const int Disconnected = 1102;

    [Fact]
    public async Task A_batch_that_was_not_acknowledged_is_sent_again_after_the_routes_and_with_the_same_number()
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Control.Acknowledges = false;
        await fleet.Gateway.Chat("Hello?");
        var first = (await Eventually.Is(() => fleet.Control.Batches, batches => batches.Length > 0))[0];

        // The next connection is sent a new route at once, and is told only later that this was all.
        var snapshot = new TaskCompletionSource();
        fleet.Control.Snapshot = snapshot.Task;
        fleet.Control.Drop();
        await Eventually.Is(() => fleet.Control.Hellos.Length, hellos => hellos == 2);
        var before = fleet.Control.Batches.Length;
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(SmallFleet.Released("v7", fleet.Seven), generation: 2));
        Assert.Equal(before, fleet.Control.Batches.Length);

        fleet.Control.Acknowledges = true;
        snapshot.SetResult();
        var again = (await Eventually.Is(() => fleet.Control.Batches, batches => batches.Length > before))[before];
        Assert.Equal(first, again);
        Assert.Equal(fleet.Control.Hellos[0].StartId, fleet.Control.Hellos[1].StartId);
        Assert.Equal(["Unlabelled:Unlabelled"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task A_batch_that_was_acknowledged_is_not_sent_again()
    {
        await using var fleet = await SmallFleet.Start();
        await fleet.Gateway.Chat("Hello?");
        await Reported.Of(fleet, EvidenceGroup.Form, 1);
        await Reported.Of(fleet, EvidenceGroup.Quality, 0);
        fleet.Control.Drop();
        await Eventually.Is(() => fleet.Control.Hellos.Length, hellos => hellos == 2);
        await fleet.Gateway.Chat("Hello?");
        await Reported.Of(fleet, EvidenceGroup.Form, 2);

        var numbers = fleet.Control.Batches.Select(b => b.Sequence).ToArray();
        Assert.Equal(numbers.Distinct(), numbers);
    }

    [Fact]
    public async Task A_gateway_that_stops_says_its_last_word()
    {
        await using var fleet = await SmallFleet.Start(configure: options => options.BatchInterval = TimeSpan.FromMinutes(1));
        await fleet.Gateway.Chat("Hello?");
        var batches = fleet.Control.Batches.Length;
        await fleet.Gateway.Stop();

        var last = fleet.Control.Batches[batches..];
        Assert.Equal(1, last.SelectMany(b => b.Started).Sum(s => s.Count));
        Assert.DoesNotContain(fleet.Gateway.Log.Lines, line => line.Id == 1105);
    }

    [Fact]
    public async Task A_gateway_that_stops_while_cut_off_connects_once_more_to_say_its_last_word()
    {
        await using var fleet = await SmallFleet.Start(configure: options => options.BatchInterval = TimeSpan.FromMinutes(1));
        await fleet.Gateway.Chat("Hello?");
        fleet.Control.Drop();
        await Eventually.Is(() => fleet.Gateway.Log.Lines, lines => lines.Any(l => l.Id == Disconnected));
        await fleet.Gateway.Stop();

        Assert.Equal(1, fleet.Control.Batches.SelectMany(b => b.Started).Sum(s => s.Count));
    }

    [Fact]
    public async Task A_control_plane_that_never_acknowledges_holds_a_stop_up_for_seconds_only()
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Control.Acknowledges = false;
        await fleet.Gateway.Chat("Hello?");
        var began = TimeProvider.System.GetTimestamp();
        await fleet.Gateway.Stop();

        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(15));
        Assert.Contains(fleet.Gateway.Log.Lines, line => line.Id == 1105);
    }

    [Fact]
    public async Task The_back_off_grows_while_control_fails_and_begins_anew_after_a_healthy_connection()
    {
        await using var control = await ScriptedControl.Start();
        control.OnConnect = number =>
        {
            if (number is 1 or 2 or 3)
            {
                throw new RpcException(new(StatusCode.Unavailable, "not yet"));
            }
        };
        await using var gateway = await RunningGateway.Start(control.Address);
        await Eventually.Is(() => gateway.Log.Lines, lines => lines.Any(l => l.Id == 1101));
        control.Drop();
        var lines = await Eventually.Is(() => Lost(gateway), lost => lost.Length == 4);

        Assert.EndsWith("00:00:00.1000000.", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("00:00:00.2000000.", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("00:00:00.4000000.", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("00:00:00.1000000.", lines[3], StringComparison.Ordinal);
        Assert.Contains("not yet", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_control_dead_the_gateway_serves_and_says_everything_once_control_is_back()
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Control.OnConnect = _ => throw new RpcException(new(StatusCode.Internal, "broken"));
        fleet.Control.Drop();
        await Eventually.Is(() => Lost(fleet.Gateway), lost => lost.Length >= 2);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("Hello.", (await fleet.Gateway.Chat("Hello?")).Text);
        }

        fleet.Control.OnConnect = _ => { };
        await Reported.Of(fleet, EvidenceGroup.Form, 5);
        var numbers = fleet.Control.Batches.Select(b => b.Sequence).Distinct().ToArray();
        Assert.Equal(Enumerable.Range(1, numbers.Length).Select(n => (ulong)n), numbers);
    }

    [Fact]
    public async Task What_is_counted_while_control_is_away_is_taken_long_before_control_is_tried_again()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var fleet = await SmallFleet.Start(configure: options => options.MaxUnacknowledgedBatches = 1, time: time);
        fleet.Control.OnConnect = _ => throw new RpcException(new(StatusCode.Internal, "broken"));
        fleet.Control.Drop();
        await fleet.Gateway.Chat("Hello?");
        await Eventually.Is(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(0.5));
                return Lost(fleet.Gateway);
            },
            lost => lost is [.., var last] && last.EndsWith("00:00:05.", StringComparison.Ordinal));
        var dropped = Dropped();

        // Each batch pushes out the one before. The next try is two and a half seconds away at the least.
        await fleet.Gateway.Chat("Hello?");
        var left = 20;
        await Eventually.Is(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(left-- > 0 ? 0.1 : 0));
                return Dropped();
            },
            now => now > dropped);

        int Dropped() => fleet.Gateway.Log.Lines.Count(l => l.Id == 1103);
    }

    [Fact]
    public async Task A_route_that_cannot_be_used_is_refused_with_its_reason_and_the_last_one_serves_on()
    {
        await using var fleet = await SmallFleet.Start();
        var unknown = SmallFleet.Plain(SmallFleet.Released("v8", fleet.Eight), generation: 2) with { Current = new string('0', 64) };
        fleet.Control.Publish(unknown);
        var nack = (await Eventually.Is(() => fleet.Control.Nacks, nacks => nacks.Length == 1))[0];

        Assert.Equal(2UL, nack.Nonce);
        Assert.Contains("was not sent", nack.Reason, StringComparison.Ordinal);
        Assert.Equal("1", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-generation"]);
    }

    [Fact]
    public async Task A_release_whose_policy_cannot_be_loaded_is_refused_and_the_last_route_serves_on()
    {
        await using var fleet = await SmallFleet.Start();
        var broken = SmallFleet.Released("v9", fleet.Eight, """{"guard_policy":{"stages":{"output":{"checks":[{"use":"toxcity"}]}}}}""");
        fleet.Control.Publish(SmallFleet.Plain(broken, generation: 2), broken);
        var nack = (await Eventually.Is(() => fleet.Control.Nacks, nacks => nacks.Length == 1))[0];

        Assert.Contains("toxcity", nack.Reason, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.Chat("Hello?")).Status);
    }

    private static string[] Lost(RunningGateway gateway) => [.. gateway.Log.Lines.Where(l => l.Id == Disconnected).Select(l => l.Text)];
}
