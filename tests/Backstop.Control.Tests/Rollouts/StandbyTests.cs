using Backstop.Control.Rollouts;
using Backstop.Control.Tests.Harness;
using Backstop.Protocol;

namespace Backstop.Control.Tests.Rollouts;

/// <summary>The release to return to is asked whether it could take everything back.</summary>
public sealed class StandbyTests
{
    private const string Alias = "assistant:prod";
    private const int PerSecond = 5000;

    [Fact]
    public async Task After_a_promotion_it_is_shown_what_the_previous_release_bears_and_what_keeping_it_warm_costs()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        await gateway.Reaches(1);
        await Report(server, gateway, perSecond: 2);
        var id = await RolloutTests.Submit(server, new { steps = Array.Empty<object>(), bake_ms = 3_600_000 });
        await server.RolloutReaches(id, "baking");
        var standby = (await Eventually.Is(() => server.Get($"aliases/{Alias}"), a => a["standby"] is not null))["standby"]!;
        Assert.Equal(("v7", 1, null), ((string)standby["release"]!, (int)standby["replicas"]!, (string?)standby["failed"]));
        Assert.True((double)standby["borne_per_second"]! >= (double)standby["wanted_per_second"]! && (double)standby["wanted_per_second"]! > 0, standby.ToJsonString());
        Assert.True((double)standby["replica_hours"]! is >= 0 and < 1);
    }

    [Fact]
    public async Task A_previous_release_whose_servers_were_stopped_is_told_as_one_that_could_not_take_anything_back()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model, candidate: new("http://127.0.0.1:9"));
        await server.Register("v9", model.Address, "nine");
        await server.Post($"aliases/{Alias}/swap", new { release = "v8", expected_generation = 1, reason = "test" });
        await server.Post($"aliases/{Alias}/vouch", new { reason = "test" });
        await server.Post($"aliases/{Alias}/swap", new { release = "v9", expected_generation = 3, reason = "test" });
        var standby = (await Eventually.Is(() => server.Get($"aliases/{Alias}"), a => a["standby"] is not null))["standby"]!;
        Assert.Contains("http://127.0.0.1:9", (string)standby["failed"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_promotion_waits_while_the_release_to_return_to_is_too_small_for_what_would_come_back()
    {
        await using var model = await ModelServer.Start();
        await using var slow = await ModelServer.Start(took: TimeSpan.FromMilliseconds(50));
        await using var server = await ControlServer.Start();
        await server.Register("v7", slow.Address, "seven");
        await server.Register("v8", model.Address, "eight");
        await server.CreateAlias(Alias, "v7");
        await using var gateway = await FleetGateway.Connect(server);
        await gateway.Reaches(1);
        var id = await RolloutTests.Submit(server, new { steps = new[] { new { basis_points = 5000, dwell_ms = 0, min_units = 10 } }, warm_for_ms = 1 });
        await gateway.Reaches(2);

        // Half of the traffic is with the candidate, and 64 requests of 50 ms at one time are 1,280 a second at the most.
        var rollout = await Eventually.Is(
            async () =>
            {
                await Report(server, gateway, PerSecond);
                await gateway.Send(Batches.Of(Alias, generation: 2, arm: 0, correct: 500, toxic: 0));
                await gateway.Send(Batches.Of(Alias, generation: 2, arm: 1, correct: 500, toxic: 0));
                return await server.Get($"rollouts/{id}");
            },
            rollout => ((string?)rollout["waits"])?.Contains("too small", StringComparison.Ordinal) == true);
        Assert.Equal("canary", (string)rollout["status"]!);
        Assert.Contains("v7 is too small", (string)rollout["waits"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_suspicion_gives_a_previous_release_that_nobody_can_ask_no_more_than_it_bore_beside_the_candidate()
    {
        await using var model = await ModelServer.Start("ranker");
        await using var server = await ControlServer.Start();
        foreach (var name in (string[])["v7", "v8"])
        {
            // What such a model takes as input nobody here knows, so no burst can be sent.
            var serving = new { protocol = "open-inference", model = "ranker", replicas = new[] { model.Address.ToString() } };
            await server.Post("releases", new { name, manifest = new { serving, lineage = new { commit = name } } });
        }

        await server.CreateAlias(Alias, "v7");
        await using var gateway = await FleetGateway.Connect(server);
        await gateway.Reaches(1);
        var id = await RolloutTests.Submit(server, new { steps = new[] { new { basis_points = 8000, dwell_ms = 0, min_units = 10 } }, holdback_basis_points = 0, bake_ms = 3_600_000 });
        await Eventually.Is(
            async () =>
            {
                await gateway.Send(Batches.Of(Alias, generation: 2, arm: 0, correct: 100, toxic: 0));
                await gateway.Send(Batches.Of(Alias, generation: 2, arm: 1, correct: 400, toxic: 0));
                return await server.Get($"rollouts/{id}");
            },
            rollout => (string)rollout["status"]! == "baking");
        var alias = await Eventually.Is(
            async () =>
            {
                await gateway.Send(Batches.Of(Alias, gateway.Generation, arm: 0, correct: 60, toxic: 40));
                return await server.Get($"aliases/{Alias}");
            },
            a => (int)a["holdback_basis_points"]! > 0);

        Assert.Equal(2000, (int)alias["holdback_basis_points"]!);
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(null, 200.0, 10_000)]
    [InlineData("too small", 20.0, 2400)]
    [InlineData("too small", 0.0, 500)]
    [InlineData("not warm", null, 500)]
    public void What_showed_itself_too_small_bears_what_it_serves_and_what_it_answered_beside_it(string? failed, double? borne, int? basisPoints) => Assert.Equal(
        basisPoints, new Standby("v7", 1, DateTimeOffset.UnixEpoch, failed, borne, WantedPerSecond: 100) { ServedBasisPoints = 500 }.BearsBasisPoints);

    // As much as came within ten seconds.
    private static async Task Report(ControlServer server, FleetGateway gateway, int perSecond)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var current = (string)(await server.Get($"aliases/{Alias}"))["current"]!["digest"]!;
        await gateway.Send(new() { Started = { new Started { Alias = Alias, Release = current, Count = 10 * perSecond, FirstMs = now, LastMs = now } } });
    }
}
