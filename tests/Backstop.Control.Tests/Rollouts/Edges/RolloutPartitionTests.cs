using Backstop.Control.Fleet;
using Backstop.Control.Tests.Harness;
using Backstop.Protocol;

namespace Backstop.Control.Tests.Rollouts.Edges;

/// <summary>Gateways that follow in part, stores that are old, messages in the wrong order. The numbers are those of docs/rollouts.md.</summary>
public sealed class RolloutPartitionTests
{
    private const string Alias = "assistant:prod";
    private static readonly object AtOnce = new { steps = Array.Empty<object>(), bake_ms = 3_600_000, verify_window_ms = 200 };

    [Fact]
    public async Task E03_an_abort_when_half_the_gateways_are_promoted_is_over_when_both_halves_came_back()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var quick = await FleetGateway.Connect(server, "quick");
        await using var slow = await FleetGateway.Connect(server, "slow", acknowledges: true);
        await slow.Reaches(1);
        slow.Acknowledges = false;
        var id = await RolloutTests.Submit(server, AtOnce);
        await quick.Reaches(2);
        await server.RolloutReaches(id, "promoting");
        await server.Post($"rollouts/{id}/abort", new { reason = "test" });
        await quick.Reaches(3);
        Assert.Equal("rolling_back", (string)(await server.Get($"rollouts/{id}"))["status"]!);
        await slow.Reaches(3);
        await slow.Ack(slow.Routes.Last());
        await server.RolloutReaches(id, "rolled_back");
    }

    [Fact]
    public async Task E14_a_control_plane_that_died_after_reaching_one_of_two_gateways_reaches_the_other_after_its_restart()
    {
        var data = Directory.CreateTempSubdirectory("backstop-half-").FullName;
        await using var model = await ModelServer.Start();
        string id;
        await using (var server = await RolloutTests.Prepared(model, data: data))
        await using (var one = await FleetGateway.Connect(server, "one"))
        await using (var two = await FleetGateway.Connect(server, "two"))
        {
            id = await RolloutTests.Submit(server, AtOnce);
            await server.RolloutReaches(id, "baking");
            two.Acknowledges = false;
            await server.Post($"rollouts/{id}/abort", new { reason = "test" });
            await one.Reaches(3);
        }

        await using (var server = await ControlServer.Start(data))
        await using (var one = await FleetGateway.Connect(server, "one", applied: new Applied { Alias = Alias, Epoch = 1, Generation = 3 }))
        {
            Assert.Equal("rolling_back", (string)(await server.Get($"rollouts/{id}"))["status"]!);
            await using var two = await FleetGateway.Connect(server, "two", applied: new Applied { Alias = Alias, Epoch = 1, Generation = 2 });
            await two.Reaches(3);
            await server.RolloutReaches(id, "rolled_back");
            Assert.DoesNotContain(one.Routes, r => r.Route.Generation == 3);
        }

        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task E21_a_gateway_that_is_ahead_of_a_restored_store_is_sent_nothing_older()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var ahead = await FleetGateway.Connect(server, applied: new Applied { Alias = Alias, Epoch = 1, Generation = 9 });
        await Eventually.Is(() => Task.FromResult(ahead.Received.Any(m => m.SnapshotEnd is not null)), done => done);
        await server.Post($"aliases/{Alias}/swap", new { release = "v8", expected_generation = 1, reason = "test" });
        Assert.DoesNotContain(ahead.Routes, r => r.Route.Generation < 9);
    }

    [Fact]
    public void E23_an_older_route_that_is_published_after_a_newer_one_is_sent_to_nobody()
    {
        var hub = new FleetHub(TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<FleetHub>.Instance);
        var link = hub.Connect(new() { GatewayId = "g", StartId = "s" }, visit: "1");
        hub.Publish(Published(3));
        hub.Publish(Published(2));
        Assert.Equal([3L], link.Take().Where(m => m.Route is not null).Select(m => m.Route.Route.Generation));
    }

    [Fact]
    public void E28_counts_that_cannot_be_are_refused_as_a_whole_batch()
    {
        var batch = Batches.Of(Alias, generation: 1, arm: 0, correct: 10, toxic: -1);
        Assert.NotNull(batch.Flaw());
        Assert.Null(Batches.Of(Alias, generation: 1, arm: 0, correct: 10, toxic: 1).Flaw());
    }

    private static PublishedRoute Published(long generation) =>
        new(new() { Alias = Alias, Epoch = 1, Generation = generation, Current = "v7", Salt = "s" }, []);
}
