using Backstop.Control.Fleet;
using Backstop.Control.Store;
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
    private int _visits;

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

    [Theory]
    [InlineData("one", "two", "three")]
    [InlineData("three", "two", "one")]
    [InlineData("two", "three", "one")]
    public void A_generation_converges_in_whatever_order_gateways_answer(params string[] order)
    {
        var links = ((string[])["one", "two", "three"]).ToDictionary(name => name, name => Connect(name));
        foreach (var generation in (long[])[1, 2])
        {
            Publish(generation);
            foreach (var name in order)
            {
                Assert.False(_hub.HasConverged(Alias, 1, generation));
                Ack(links[name], generation);
            }

            Assert.True(_hub.HasConverged(Alias, 1, generation));
        }

        Assert.Equal([1L, 2L], _converged);
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
        _hub.Recall([Kept("one", leftAt: null)]);
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
        _hub.Recall([]);
        Assert.False(_hub.HasConverged(Alias, 1, 3, promoted)); // Forgotten too early: it is there.
        _hub.Disconnect(back);
        _hub.Recall([]);
        Assert.True(_hub.HasConverged(Alias, 1, 3, promoted));
    }

    [Fact]
    public void A_gateway_that_left_well_before_a_release_was_promoted_cannot_serve_it_and_one_that_nobody_saw_leave_can()
    {
        var restart = _clock.GetUtcNow();
        _hub.Recall([Kept("gone", restart.AddMinutes(-10)), Kept("unseen", leftAt: null)]);
        _clock.Advance(TimeSpan.FromMinutes(5));
        Publish(3);
        Assert.Equal(["gone", "unseen"], _hub.Away(Alias, 1, 3, restart.AddMinutes(-11)));
        Assert.Equal(["unseen"], _hub.Away(Alias, 1, 3, restart.AddMinutes(-5)));
        Assert.Equal(["unseen"], _hub.Away(Alias, 1, 3, restart.AddMinutes(2)));
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

    [Fact]
    public void What_another_control_plane_tells_of_its_gateways_counts_until_they_leave_it_or_it_is_gone()
    {
        var here = Connect("here");
        Hear("far", "visit-1", connected: true, applied: 1);
        Publish(2);
        Ack(here, 2);
        Assert.Equal(0.5, _hub.Coverage(Alias, 1, 2));
        Hear("far", "visit-1", connected: true, applied: 2);
        Assert.Equal([2L], _converged);

        // Older than what is known, as a message that was overtaken.
        Hear("far", "visit-0", connected: false, applied: 0);
        Assert.True(_hub.IsConnected("far"));
        _hub.Hear("node-b", new() { Whole = true });
        Assert.False(_hub.IsConnected("far"));
        Hear("far", "visit-2", connected: true, applied: 2);
        _hub.Lost("node-b");
        Assert.False(_hub.IsConnected("far"));
        Assert.True(_hub.IsConnected("here"));
    }

    [Fact]
    public void A_gateway_that_came_again_is_where_it_came_last()
    {
        var old = Connect("one");
        Publish(1);
        Ack(old, 1);
        Hear("one", "visit-z", connected: true, applied: 0);
        Assert.False(_hub.HasConverged(Alias, 1, 1));
        _hub.Disconnect(old); // Noticed late: it says nothing about the new connection.
        Assert.True(_hub.IsConnected("one"));
        Ack(old, 1);
        Assert.False(_hub.HasConverged(Alias, 1, 1));
    }

    [Fact]
    public void What_happens_here_is_told_to_the_other_control_planes_and_what_they_told_is_not_told_again()
    {
        var told = new List<PeerNews>();
        _hub.Told = told.Add;
        var link = Connect("one");
        Publish(1);
        Ack(link, 1);
        _hub.RenewLease(Alias, 1, 1);
        _hub.Disconnect(link);
        Assert.Equal(["came", "route", "applied", "lease", "left"], told.Select(n =>
            n.Routes.Count > 0 ? "route" : n.Leases.Count > 0 ? "lease" : !n.Gateways[0].Connected ? "left" : n.Gateways[0].Applied.Count > 0 ? "applied" : "came"));

        var news = told.Single(n => n.Routes.Count > 0).Clone();
        told.Clear();
        news.Routes[0].Route.Generation = 2;
        _hub.Hear("node-b", news);
        Assert.True(_hub.Has(Alias, 1, 2));
        Assert.Empty(told);
    }

    private void Hear(string gateway, string visit, bool connected, long applied)
    {
        var news = new GatewayNews { GatewayId = gateway, Visit = visit, Connected = connected };
        if (applied > 0)
        {
            news.Applied.Add(new Applied { Alias = Alias, Epoch = 1, Generation = applied });
        }

        _hub.Hear("node-b", new() { Gateways = { news } });
    }

    private static GatewayRow Kept(string id, DateTimeOffset? leftAt) => new() { Id = id, Zone = "", SeenAt = default, LeftAt = leftAt, Visit = "" };

    private GatewayLink Connect(string id, long applied = 0)
    {
        var hello = new Hello { GatewayId = id, StartId = Guid.NewGuid().ToString("N") };
        if (applied > 0)
        {
            hello.Applied.Add(new Applied { Alias = Alias, Epoch = 1, Generation = applied });
        }

        return _hub.Connect(hello, $"visit-{(char)('a' + _visits++)}");
    }

    private void Publish(long generation) => _hub.Publish(new(
        new Core.Routing.Route { Alias = Alias, Epoch = 1, Generation = generation, Current = "v7", Salt = "s" }, []));

    private void Ack(GatewayLink link, long generation) => _hub.Acked(link, new() { Alias = Alias, Epoch = 1, Generation = generation });
}
