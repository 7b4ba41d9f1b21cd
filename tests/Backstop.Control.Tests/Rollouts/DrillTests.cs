using System.Text.Json.Nodes;
using Backstop.Control.Tests.Harness;
using Backstop.Protocol;

namespace Backstop.Control.Tests.Rollouts;

public sealed class DrillTests
{
    private const string Alias = "assistant:prod";

    [Fact]
    public async Task A_drill_swaps_all_traffic_and_back_measures_every_part_and_is_in_the_journal()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        await server.Post($"aliases/{Alias}/swap", new { release = "v8", expected_generation = 1, reason = "test" });
        await gateway.Reaches(2);
        var (v8, v7) = (gateway.Routes.Last().Route.Current, gateway.Routes.Last().Route.Previous);
        Assert.Equal(202, (int)(await server.Post($"aliases/{Alias}/drills", new { reason = "weekly" })).Status);

        // Ten requests at a time, where the last route sends them.
        var drill = await Eventually.Is(
            async () =>
            {
                var release = gateway.Routes.Last().Route.HoldbackBasisPoints > 0 ? v7 : v8;
                var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
                await gateway.Send(new() { Started = { new Started { Alias = Alias, Release = release, Count = 10, FirstMs = now, LastMs = now } } });
                return await server.Get($"aliases/{Alias}/drill");
            },
            drill => drill["ended_at"] is not null);
        Assert.True((bool)drill["passed"]!, drill.ToJsonString());
        Assert.All(new[] { drill["away"], drill["back"] }, way => Assert.All(((JsonObject)way!).Select(segment => segment.Value), Assert.NotNull));
        var kinds = (await server.Get($"aliases/{Alias}/history")).AsArray().Select(e => (string)e!["kind"]!).ToList();
        Assert.Equal(["alias_created", "alias_swapped", "drill_started", "drill_went_back", "drill_finished"], kinds);
        var alias = await server.Get($"aliases/{Alias}");
        Assert.Equal(("v8", 0, true), ((string)alias["current"]!["name"]!, (int)alias["holdback_basis_points"]!, (bool)alias["drill"]!["passed"]!));
        Assert.True((bool)(await server.Get("journal/check"))["intact"]!);
    }

    [Fact]
    public async Task An_alias_that_asks_for_drills_refuses_a_rollout_until_one_passed()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await server.Post($"aliases/{Alias}/drill-policy", new { every_hours = 168, reason = "policy" });
        var (status, problem) = await server.Post($"aliases/{Alias}/rollouts", new { release = "v8" });
        Assert.Equal(409, (int)status);
        Assert.Contains("backstop drill", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drill_that_is_due_begins_by_itself()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        await server.Post($"aliases/{Alias}/swap", new { release = "v8", expected_generation = 1, reason = "test" });
        await server.Post($"aliases/{Alias}/drill-policy", new { every_hours = 24, basis_points = 1000, reason = "daily" });
        var alias = await Eventually.Is(() => server.Get($"aliases/{Alias}"), a => (int)a["holdback_basis_points"]! == 1000);
        Assert.Equal((24.0, 1000), ((double)alias["drill_every_hours"]!, (int)alias["drill_basis_points"]!));
        var entry = (await server.Get($"aliases/{Alias}/history")).AsArray().Single(e => (string)e!["kind"]! == "drill_started")!;
        Assert.Equal(("backstop", "due: one is wanted every 24 hours"), ((string)entry["actor"]!, (string)entry["reason"]!));
    }

    [Fact]
    public async Task A_drill_that_is_due_and_finds_the_previous_release_cold_has_failed_and_no_rollout_begins()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model, candidate: new("http://127.0.0.1:9"));
        await server.Post($"aliases/{Alias}/swap", new { release = "v8", expected_generation = 1, reason = "test" });
        await server.Register("v9", model.Address, "nine");
        await server.Post($"aliases/{Alias}/vouch", new { reason = "test" });
        await server.Post($"aliases/{Alias}/swap", new { release = "v9", expected_generation = 3, reason = "test" });
        await server.Post($"aliases/{Alias}/drill-policy", new { every_hours = 24, basis_points = 1000, reason = "daily" });
        var drill = (await Eventually.Is(() => server.Get($"aliases/{Alias}"), a => a["drill"] is not null))["drill"]!;
        Assert.Contains("http://127.0.0.1:9", (string)drill["failed"]!, StringComparison.Ordinal);
        var (status, problem) = await server.Post($"aliases/{Alias}/rollouts", new { release = "v7" });
        Assert.Equal(409, (int)status);
        Assert.Contains("its last drill failed", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drill_of_a_cold_previous_release_is_refused_with_the_replica_named()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model, candidate: new("http://127.0.0.1:9"));
        await server.Post($"aliases/{Alias}/swap", new { release = "v8", expected_generation = 1, reason = "test" });
        await server.Register("v9", model.Address, "nine");
        await server.Post($"aliases/{Alias}/vouch", new { reason = "test" });
        await server.Post($"aliases/{Alias}/swap", new { release = "v9", expected_generation = 3, reason = "test" });
        var (status, problem) = await server.Post($"aliases/{Alias}/drills", new { reason = "weekly" });
        Assert.Equal(409, (int)status);
        Assert.Contains("http://127.0.0.1:9", (string)problem["detail"]!, StringComparison.Ordinal);
    }
}
