using Backstop.Control.Fleet;
using Backstop.Core.Routing;
using Backstop.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Control.Tests.Fleet;

public sealed class FleetHubTests
{
    private const string Alias = "assistant:prod";
    private readonly FakeTimeProvider _clock = new();
    private readonly List<long> _converged = [];
    private readonly FleetHub _hub;

    public FleetHubTests()
    {
        _hub = new(_clock, NullLogger<FleetHub>.Instance) { Converged = (_, _, generation, _) => _converged.Add(generation) };
    }

    [Fact]
    public void A_generation_converges_with_the_last_acknowledgement_and_is_told_once()
    {
        var (one, two) = (Connect("one"), Connect("two"));
        Publish(1);
        Ack(one, 1);
        Assert.Empty(_converged);
        Ack(two, 1);
        Ack(two, 1);
        Assert.Equal([1L], _converged);
    }

    [Fact]
    public void A_gateway_that_vanished_counts_until_its_lease_is_over()
    {
        var (one, two) = (Connect("one"), Connect("two"));
        Publish(1);
        Ack(one, 1);
        _hub.Disconnect(two);
        Assert.False(_hub.HasConverged(Alias, 1, 1));
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.False(_hub.HasConverged(Alias, 1, 1));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_hub.HasConverged(Alias, 1, 1));
    }

    [Fact]
    public void A_gateway_from_before_a_restart_counts_until_it_is_back()
    {
        _hub.Remember("one", leftAt: null);
        Publish(5);
        Assert.False(_hub.HasConverged(Alias, 1, 5));
        var one = Connect("one", applied: 4);
        Assert.Equal(5, one.Take().Single(m => m.Route is not null).Route.Route.Generation);
        Ack(one, 5);
        Assert.True(_hub.HasConverged(Alias, 1, 5));
    }

    [Fact]
    public void No_lease_ends_what_a_gateway_serves_of_a_promoted_release_so_one_that_may_have_heard_of_it_must_acknowledge_or_be_forgotten()
    {
        var (one, two) = (Connect("one"), Connect("two"));
        Publish(1);
        var promoted = _clock.GetUtcNow();
        Publish(2);
        _hub.Disconnect(two);
        Publish(3);
        Ack(one, 3);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.True(_hub.HasConverged(Alias, 1, 3));
        Assert.False(_hub.HasConverged(Alias, 1, 3, promoted));
        Assert.Equal(["two"], _hub.Away(Alias, 1, 3, promoted));

        var back = Connect("two", applied: 2);
        Assert.False(_hub.HasConverged(Alias, 1, 3, promoted));
        Assert.Empty(_hub.Away(Alias, 1, 3, promoted));
        Assert.False(_hub.Forget("two"));
        _hub.Disconnect(back);
        Assert.True(_hub.Forget("two"));
        Assert.True(_hub.HasConverged(Alias, 1, 3, promoted));
    }

    [Fact]
    public void A_gateway_that_left_well_before_a_release_was_promoted_cannot_serve_it_and_one_that_nobody_saw_leave_can_if_it_was_promoted_before_the_restart()
    {
        var restart = _clock.GetUtcNow();
        _hub.Remember("gone", leftAt: restart.AddMinutes(-10));
        _hub.Remember("unseen", leftAt: null);
        _clock.Advance(TimeSpan.FromMinutes(5));
        Publish(3);
        Assert.Equal(["gone", "unseen"], _hub.Away(Alias, 1, 3, restart.AddMinutes(-11)));
        Assert.Equal(["unseen"], _hub.Away(Alias, 1, 3, restart.AddMinutes(-5)));
        Assert.Empty(_hub.Away(Alias, 1, 3, restart.AddMinutes(2)));
    }

    [Fact]
    public void What_waits_for_a_gateway_is_one_route_per_alias_and_the_newest()
    {
        var link = Connect("one");
        foreach (var generation in new long[] { 1, 5, 3, 2, 7, 6 })
        {
            Publish(generation);
        }

        Assert.Equal([7L], link.Take().Where(m => m.Route is not null).Select(m => m.Route.Route.Generation));
    }

    [Fact]
    public void A_replaced_connection_of_a_gateway_says_nothing_any_more()
    {
        var old = Connect("one");
        Publish(1);
        var current = Connect("one");
        Ack(old, 1);
        Assert.False(_hub.HasConverged(Alias, 1, 1));
        Ack(current, 1);
        Assert.True(_hub.HasConverged(Alias, 1, 1));
    }

    [Fact]
    public void A_batch_may_be_forgotten_when_every_alias_stored_it_and_every_batch_before_it()
    {
        var ledger = new BatchLedger();
        Assert.Null(ledger.Expect(1, ["a", "b"]));
        Assert.Null(ledger.Expect(2, ["a"]));
        Assert.Null(ledger.Store("a", 2));
        Assert.Null(ledger.Store("a", 1));
        Assert.Equal(2UL, ledger.Store("b", 1));
        Assert.Equal(3UL, ledger.Expect(3, []));
    }

    private GatewayLink Connect(string id, long applied = 0)
    {
        var hello = new Hello { GatewayId = id, StartId = Guid.NewGuid().ToString("N") };
        if (applied > 0)
        {
            hello.Applied.Add(new Applied { Alias = Alias, Epoch = 1, Generation = applied });
        }

        return _hub.Connect(hello);
    }

    private void Publish(long generation) => _hub.Publish(new(
        new Core.Routing.Route { Alias = Alias, Epoch = 1, Generation = generation, Current = "v7", Salt = "s" }, []));

    private void Ack(GatewayLink link, long generation) => _hub.Acked(link, new() { Alias = Alias, Epoch = 1, Generation = generation });
}
