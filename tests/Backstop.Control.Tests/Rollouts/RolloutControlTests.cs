using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Rollouts;

/// <summary>What people may ask of a rollout, by the front door.</summary>
public sealed class RolloutControlTests
{
    private const string Alias = "assistant:prod";
    private static readonly object Long = new { steps = new[] { new { basis_points = 500, dwell_ms = 3_600_000, min_units = 1000 } }, verify_window_ms = 100 };

    [Fact]
    public async Task A_superseded_rollout_gives_up_its_share_before_the_next_one_begins()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await server.Register("v9", model.Address, "nine");
        await using var gateway = await FleetGateway.Connect(server);
        var first = await RolloutTests.Submit(server, Long);
        await server.RolloutReaches(first, "canary");
        gateway.Acknowledges = false;
        Assert.Equal(409, (int)(await server.Post($"aliases/{Alias}/rollouts", new { release = "v9", plan = Long })).Status);
        await server.Post($"aliases/{Alias}/rollouts", new { release = "v9", plan = Long, supersede = true });
        await gateway.Reaches(3);
        Assert.Equal("rolling_back", (string)(await server.Get($"rollouts/{first}"))["status"]!);
        await gateway.Ack(gateway.Routes.Last());
        gateway.Acknowledges = true;
        var over = await server.RolloutReaches(first, "superseded");
        var alias = await Eventually.Is(() => server.Get($"aliases/{Alias}"), a => (string?)a["rollout"]?["status"] == "canary" && a["candidate"] is not null);
        Assert.Equal((string)over["superseded_by"]!, (string)alias["rollout"]!["id"]!);
        Assert.Equal("v9", (string)alias["candidate"]!["name"]!);
        Assert.Empty(alias["quarantined"]!.AsArray());
    }

    [Fact]
    public async Task A_paused_rollout_keeps_its_lease_and_is_still_taken_back_on_a_safety_event()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model, leaseMs: 300);
        await using var gateway = await FleetGateway.Connect(server);
        var id = await RolloutTests.Submit(server, Long);
        await server.RolloutReaches(id, "canary");
        await server.Post($"rollouts/{id}/pause", new { reason = "lunch" });
        var paused = await server.Get($"rollouts/{id}");
        Assert.Equal(("held", true), ((string)paused["status"]!, (bool)paused["paused"]!));
        Assert.Equal(409, (int)(await server.Post($"rollouts/{id}/approve", new { step = 9 })).Status);
        var leases = gateway.Received.Count(m => m.Lease is not null);
        await Eventually.Is(() => Task.FromResult(gateway.Received.Count(m => m.Lease is not null)), count => count > leases + 1);
        await server.Post($"rollouts/{id}/trip", new { reason = "a phone number in an answer" });
        await server.RolloutReaches(id, "rolled_back");
        Assert.Single((await server.Get($"aliases/{Alias}"))["quarantined"]!.AsArray());
    }

    [Fact]
    public async Task A_pinned_alias_starts_nothing_and_a_frozen_one_waits()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await server.Post($"aliases/{Alias}/pin", new { reason = "launch" });
        Assert.Equal(409, (int)(await server.Post($"aliases/{Alias}/rollouts", new { release = "v8", plan = Long })).Status);
        await server.Post($"aliases/{Alias}/unpin", new { reason = "over" });
        var until = DateTimeOffset.UtcNow.AddHours(1);
        await server.Post($"aliases/{Alias}/freezes", new { reason = "launch", windows = new[] { new { from = DateTimeOffset.UtcNow.AddHours(-1), until, reason = "launch" } } });
        var id = await RolloutTests.Submit(server, Long);
        var waiting = await Eventually.Is(() => server.Get($"rollouts/{id}"), rollout => rollout["waits"] is not null);
        Assert.Equal("warming", (string)waiting["status"]!);
        Assert.Contains("launch", (string)waiting["waits"]!, StringComparison.Ordinal);
        await server.Post($"aliases/{Alias}/freezes", new { reason = "over", windows = Array.Empty<object>() });
        await server.RolloutReaches(id, "canary");
    }

    [Fact]
    public async Task A_forecast_says_what_a_rollout_would_be_refused_for_and_earlier_rollouts_are_listed()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        Assert.Empty((await server.Get($"aliases/{Alias}/rollouts")).AsArray());
        var id = await RolloutTests.Submit(server, Long);
        await server.RolloutReaches(id, "canary");
        var (_, second) = await server.Post($"aliases/{Alias}/rollouts/forecast", new { release = "v8", plan = Long });
        Assert.Contains(id, (string)second["refused"]!, StringComparison.Ordinal);
        Assert.Null((await server.Post($"aliases/{Alias}/rollouts/forecast", new { release = "v8", plan = Long, supersede = true })).Body["refused"]);
        await server.Post($"rollouts/{id}/abort", new { reason = "test" });
        await server.RolloutReaches(id, "rolled_back");
        await server.Post($"aliases/{Alias}/required-gates", new { gates = new[] { new { gate = "safety" } }, reason = "test" });
        var (_, third) = await server.Post($"aliases/{Alias}/rollouts/forecast", new { release = "v8", plan = Long });
        Assert.Contains("safety", (string)third["refused"]!, StringComparison.Ordinal);
        Assert.Equal([(id, "rolled_back")], (await server.Get($"aliases/{Alias}/rollouts")).AsArray().Select(r => ((string)r!["id"]!, (string)r["status"]!)));
    }

    [Fact]
    public async Task A_plan_is_played_under_way_before_it_is_changed()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        var id = await RolloutTests.Submit(server, Long);
        await server.RolloutReaches(id, "canary");
        object Sooner(int share) => new { steps = new[] { new { basis_points = share, dwell_ms = 3_600_000, min_units = 1000 } }, held_deadline_ms = 60_000 };
        var (_, tighter) = await server.Post($"rollouts/{id}/plan/forecast", new { plan = Sooner(100) });
        Assert.Equal((null, 100), ((string?)tighter["refused"], (int)tighter["at_best"]![0]!["basis_points"]!));
        var (_, looser) = await server.Post($"rollouts/{id}/plan/forecast", new { plan = Sooner(5000) });
        Assert.NotNull((string?)looser["refused"]);
        Assert.Equal(500, (int)(await server.Get($"aliases/{Alias}"))["candidate_basis_points"]!);
    }

    [Fact]
    public async Task A_forecast_says_what_would_happen_and_changes_nothing()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        var (_, forecast) = await server.Post($"aliases/{Alias}/rollouts/forecast", new { release = "v8", plan = Long });
        Assert.Equal("v7", (string)forecast["returns_to"]!["name"]!);
        Assert.Equal("completed", (string)forecast["at_best"]!.AsArray()[^1]!["status"]!);
        Assert.Equal("rolled_back", (string)forecast["in_silence"]!.AsArray()[^1]!["status"]!);
        Assert.Equal(1, (long)(await server.Get($"aliases/{Alias}"))["generation"]!);
    }
}
