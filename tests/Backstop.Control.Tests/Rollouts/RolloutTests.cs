using Backstop.Control.Tests.Harness;
using Backstop.Protocol;

namespace Backstop.Control.Tests.Rollouts;

public sealed class RolloutTests
{
    private const string Alias = "assistant:prod";
    private static readonly object AtOnce = new { steps = Array.Empty<object>(), bake_ms = 3_600_000, verify_window_ms = 200 };

    [Fact]
    public async Task A_candidate_whose_replica_does_not_answer_is_rejected_with_the_replica_named()
    {
        await using var model = await ModelServer.Start();
        await using var server = await Prepared(model, candidate: new("http://127.0.0.1:9"));
        var id = await Submit(server, AtOnce);
        var rollout = await server.RolloutReaches(id, "rejected");
        Assert.Contains("http://127.0.0.1:9", (string)rollout["reason"]!, StringComparison.Ordinal);
        Assert.Equal(1, (long)(await server.Get($"aliases/{Alias}"))["generation"]!);
    }

    [Fact]
    public async Task An_aborted_promotion_is_rolled_back_and_verified_with_its_times()
    {
        await using var model = await ModelServer.Start();
        await using var server = await Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        var id = await Submit(server, AtOnce);
        await server.RolloutReaches(id, "baking");
        Assert.Equal(2e-4, (double)(await server.Get($"aliases/{Alias}"))["budget"]!["spent"]!, 1e-12); // As a candidate, and promoted.
        await server.Post($"rollouts/{id}/abort", new { reason = "test" });
        var rollout = await server.RolloutReaches(id, "rolled_back");
        await gateway.Reaches(3);

        var times = new[] { "decided", "swapped", "converged", "verified" }.Select(t => (DateTimeOffset)rollout["timeline"]![t]!).ToList();
        Assert.Equal(times.Order(), times);
        Assert.Equal("v7", (string)(await server.Get($"aliases/{Alias}"))["current"]!["name"]!);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_rollback_that_still_serves_the_bad_release_is_degraded_and_not_called_done(int clockIsOffByHours)
    {
        await using var model = await ModelServer.Start();
        await using var server = await Prepared(model);
        await using var gateway = await FleetGateway.Connect(server, clockIsOff: TimeSpan.FromHours(clockIsOffByHours));
        var id = await Submit(server, new { steps = Array.Empty<object>(), verify_window_ms = 60_000 });
        await server.RolloutReaches(id, "baking");
        await server.Post($"rollouts/{id}/abort", new { reason = "test" });
        await server.RolloutReaches(id, "verifying");

        // A gateway that acknowledges without applying.
        var bad = gateway.Routes.First(r => r.Route.Generation == 2).Route.Current;
        var soon = (DateTimeOffset.UtcNow + gateway.ClockIsOff).AddMilliseconds(50).ToUnixTimeMilliseconds();
        await gateway.Send(new() { Started = { new Started { Alias = Alias, Release = bad, Count = 3, FirstMs = soon, LastMs = soon } } });
        await Eventually.Is(
            () => server.Get($"aliases/{Alias}/history"), h => h.AsArray().Any(e => (string)e!["kind"]! == "rollout_rollback_degraded"));
    }

    [Fact]
    public async Task An_unfinished_rollback_is_taken_up_after_a_restart_on_the_same_directory()
    {
        var data = Directory.CreateTempSubdirectory("backstop-restart-").FullName;
        await using var model = await ModelServer.Start();
        string id;
        await using (var server = await Prepared(model, data: data))
        await using (var gateway = await FleetGateway.Connect(server))
        {
            id = await Submit(server, AtOnce);
            await server.RolloutReaches(id, "baking");
            gateway.Acknowledges = false;
            await server.Post($"rollouts/{id}/abort", new { reason = "test" });
            Assert.Equal("rolling_back", (string)(await server.Get($"rollouts/{id}"))["status"]!);
        }

        await using (var server = await ControlServer.Start(data))
        {
            // The gateway still serves the bad release; until it is back nothing may be called converged.
            Assert.Equal("rolling_back", (string)(await server.Get($"rollouts/{id}"))["status"]!);
            await using var gateway = await FleetGateway.Connect(server, applied: new Applied { Alias = Alias, Epoch = 1, Generation = 2 });
            await gateway.Reaches(3);
            await server.RolloutReaches(id, "rolled_back");
        }

        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task A_candidate_is_given_its_lease_again_while_its_rollout_lives_and_not_afterwards()
    {
        await using var model = await ModelServer.Start();
        await using var server = await Prepared(model, leaseMs: 300);
        await using var gateway = await FleetGateway.Connect(server);
        var id = await Submit(server, new { steps = new[] { new { basis_points = 500, dwell_ms = 3_600_000, min_units = 1000 } }, verify_window_ms = 100 });
        await Eventually.Is(() => Task.FromResult(gateway.Received.Count(m => m.Lease is { Generation: 2 })), leases => leases >= 3);
        await server.Post($"rollouts/{id}/abort", new { reason = "test" });
        await server.RolloutReaches(id, "rolled_back");
        Assert.DoesNotContain(gateway.Received, m => m.Lease is { Generation: > 2 });
        Assert.Null((await server.Get($"aliases/{Alias}"))["candidate"]);
    }

    [Fact]
    public async Task A_batch_is_acknowledged_once_its_evidence_is_stored()
    {
        await using var model = await ModelServer.Start();
        await using var server = await Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        await gateway.Reaches(1);
        await gateway.Send(Batches.Of(Alias, generation: 1, arm: 0, correct: 10, toxic: 0));
        await gateway.Send(new SignalBatch());
        await Eventually.Is(() => Task.FromResult(gateway.Received.LastOrDefault(m => m.BatchAck is not null)?.BatchAck.Sequence), s => s == 1);
    }

    [Fact]
    public async Task Beside_every_rate_stands_how_well_it_is_known()
    {
        await using var model = await ModelServer.Start();
        await using var server = await Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        await gateway.Reaches(1);
        var id = await Submit(server, new { steps = new[] { new { basis_points = 5000, dwell_ms = 3_600_000, min_units = 100_000 } } });
        await gateway.Reaches(2);
        await gateway.Send(Batches.Of(Alias, generation: 2, arm: 0, correct: 180, toxic: 20));
        await gateway.Send(Batches.Of(Alias, generation: 2, arm: 1, correct: 175, toxic: 25));
        await Eventually.Is(() => server.Get($"rollouts/{id}"), rollout => (long?)rollout["judgement"]?["units"] >= 400);

        var judgement = (await server.Get($"rollouts/{id}"))["judgement"]!;
        Within(0.125, judgement["tested"]!["failure_rate_bounds"]!, width: 0.2);
        Within(0.1, judgement["control"]!["rate_bounds"]!["toxic_blocked"]!, width: 0.2);
        Within(0, judgement["control"]!["rate_bounds"]!["wrong"]!, width: 0.1);
        Within(0.025, judgement["difference"]!, width: 0.5);
        Assert.Equal(0.025, (double)judgement["difference"]!["estimate"]!, 1e-9);
        Assert.Equal(judgement["difference"]!.ToJsonString(), (await server.Get($"aliases/{Alias}"))["judgement"]!["difference"]!.ToJsonString());

        static void Within(double rate, System.Text.Json.Nodes.JsonNode bounds, double width)
        {
            Assert.InRange(rate, (double)bounds["lower"]!, (double)bounds["upper"]!);
            Assert.InRange((double)bounds["upper"]! - (double)bounds["lower"]!, 0.001, width);
        }
    }

    [Fact]
    public async Task An_incident_that_blames_nobody_yet_is_diagnosed_again_when_more_is_known()
    {
        await using var model = await ModelServer.Start();
        await using var server = await Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        await gateway.Reaches(1);
        await gateway.Send(Batches.Of(Alias, generation: 1, arm: 0, correct: 940, toxic: 60));
        await Submit(server, new { steps = new[] { new { basis_points = 500, dwell_ms = 3_600_000, min_units = 100_000 } } });
        await gateway.Reaches(2);

        // Both arms fail one answer in four, and the candidate answers one request in twenty.
        var blames = new List<bool?>();
        var sent = 0;
        await Eventually.Is(
            async () =>
            {
                await gateway.Send(Batches.Of(Alias, generation: 2, arm: 0, correct: 57, toxic: 19));
                await gateway.Send(Batches.Of(Alias, generation: 2, arm: 1, correct: 3, toxic: 1));
                sent += 80;

                // One look after the other: on a busy machine the first doubt must not already rest on what comes later.
                await Eventually.Is(() => server.Get($"aliases/{Alias}"), alias => (long?)alias["judgement"]?["units"] >= sent);
                return (await server.Get($"incidents?alias={Alias}")).AsArray();
            },
            incidents =>
            {
                blames.AddRange(incidents.Take(1).Select(i => (bool?)i!["release_to_blame"]));
                return blames.LastOrDefault() is not null;
            });

        Assert.Null(blames[0]);
        Assert.False(blames[^1]);
    }

    internal static async Task<ControlServer> Prepared(ModelServer model, Uri? candidate = null, int leaseMs = 10_000, string? data = null)
    {
        var server = await ControlServer.Start(data);
        await server.Register("v7", model.Address, "seven");
        await server.Register("v8", candidate ?? model.Address, "eight");
        await server.CreateAlias(Alias, "v7", leaseMs);
        return server;
    }

    internal static async Task<string> Submit(ControlServer server, object plan)
    {
        var (_, rollout) = await server.Post($"aliases/{Alias}/rollouts", new { release = "v8", plan });
        return (string)rollout["id"]!;
    }
}
