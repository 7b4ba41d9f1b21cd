using Backstop.Control.Tests.Harness;
using Backstop.Protocol;

namespace Backstop.Control.Tests.Rollouts;

/// <summary>Rollouts that begin, or end, with copies of requests.</summary>
public sealed class ShadowRolloutTests
{
    private const string Alias = "assistant:prod";

    [Fact]
    public async Task A_candidate_whose_copies_are_fine_goes_on_to_its_first_users()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        var id = await RolloutTests.Submit(server, Plan(new { basis_points = 1000, dwell_ms = 0, min_units = 50 }, new { basis_points = 500, dwell_ms = 3_600_000, min_units = 1000 }));
        await gateway.Reaches(2);
        Assert.Equal((0, 1000), (gateway.Routes.Last().Route.CandidateBasisPoints, gateway.Routes.Last().Route.ShadowBasisPoints));
        await gateway.Send(Copies(await server.Get($"rollouts/{id}"), gateway, copies: 60, worse: 0));
        var rollout = await server.RolloutReaches(id, "canary");
        Assert.Equal((60, "healthy"), ((int)rollout["shadow"]!["copies"]!, (string)rollout["shadow"]!["verdict"]!));
        await gateway.Reaches((long)rollout["generation"]!);
        Assert.Equal((500, 0), (gateway.Routes.Last().Route.CandidateBasisPoints, gateway.Routes.Last().Route.ShadowBasisPoints));
    }

    [Fact]
    public async Task A_candidate_whose_copies_are_worse_is_taken_back_before_anybody_sees_it_and_the_rollout_says_so()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        var id = await RolloutTests.Submit(server, new { preset = "shadow-only", verify_window_ms = 100 });
        await gateway.Reaches(2);
        await gateway.Send(Copies(await server.Get($"rollouts/{id}"), gateway, copies: 60, worse: 40));
        var rollout = await server.RolloutReaches(id, "rolled_back");
        Assert.Contains("40 of 60 copies", (string)rollout["abort"]!, StringComparison.Ordinal);
        Assert.Contains("no user saw", (string)rollout["abort"]!, StringComparison.Ordinal);
        Assert.All(gateway.Routes, r => Assert.Equal(0, r.Route.CandidateBasisPoints));
        var alias = await server.Get($"aliases/{Alias}");
        Assert.Equal("v7", (string)alias["current"]!["name"]!);
        Assert.Single(alias["quarantined"]!.AsArray());
        Assert.True((bool)(await Eventually.Is(() => server.Get($"incidents?alias={Alias}"), i => i.AsArray().Count > 0)).AsArray()[0]!["release_to_blame"]!);
    }

    [Fact]
    public async Task A_shadow_only_rollout_ends_without_a_promotion_when_its_copies_are_fine()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        var id = await RolloutTests.Submit(server, new { shadow = new { basis_points = 1000, dwell_ms = 0, min_units = 50 }, steps = Array.Empty<object>(), end = "withdraw" });
        await gateway.Reaches(2);
        await gateway.Send(Copies(await server.Get($"rollouts/{id}"), gateway, copies: 60, worse: 0));
        await server.RolloutReaches(id, "completed");
        var alias = await server.Get($"aliases/{Alias}");
        Assert.Equal("v7", (string)alias["current"]!["name"]!);
        Assert.Null(alias["candidate"]);
        Assert.Empty(alias["quarantined"]!.AsArray());
    }

    [Fact]
    public async Task Copies_that_stay_away_hold_the_rollout_and_what_was_seen_survives_a_restart()
    {
        var data = Directory.CreateTempSubdirectory("backstop-shadow-").FullName;
        await using var model = await ModelServer.Start();
        string id;
        await using (var server = await RolloutTests.Prepared(model, data: data))
        await using (var gateway = await FleetGateway.Connect(server))
        {
            id = await RolloutTests.Submit(server, Plan(new { basis_points = 1000, dwell_ms = 0, min_units = 50 }, new { basis_points = 500, dwell_ms = 0, min_units = 1000 }));
            await gateway.Reaches(2);
            await server.RolloutReaches(id, "held");
            await gateway.Send(Copies(await server.Get($"rollouts/{id}"), gateway, copies: 40, worse: 0));
            await Eventually.Is(() => server.Get($"rollouts/{id}"), r => (int?)r["shadow"]?["copies"] == 40);
            await Eventually.Is(() => Task.FromResult(gateway.Received.Any(m => m.BatchAck is not null)), stored => stored);
        }

        await using (var server = await ControlServer.Start(data))
        await using (var gateway = await FleetGateway.Connect(server, applied: new Applied { Alias = Alias, Epoch = 1, Generation = 2 }))
        {
            await Eventually.Is(() => server.Get($"rollouts/{id}"), r => (int?)r["shadow"]?["copies"] == 40);
            await gateway.Send(Copies(await server.Get($"rollouts/{id}"), gateway, copies: 40, worse: 0, generation: 2));
            var rollout = await server.RolloutReaches(id, "canary");
            Assert.Equal(80, (int)rollout["shadow"]!["copies"]!);
        }

        Directory.Delete(data, recursive: true);
    }

    [Theory]
    [InlineData(0, 0.01, "basis_points")]
    [InlineData(100, 2.0, "margin")]
    public async Task A_stage_that_cannot_be_is_refused_by_the_name_of_what_is_wrong(int share, double margin, string key)
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        var (status, problem) = await server.Post(
            $"aliases/{Alias}/rollouts", new { release = "v8", plan = new { shadow = new { basis_points = share, dwell_ms = 0, min_units = 1, margin } } });
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, status);
        Assert.Contains($"shadow.{key}", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    private static object Plan(object shadow, object step) => new { shadow, steps = new[] { step }, verify_window_ms = 100 };

    internal static SignalBatch Copies(System.Text.Json.Nodes.JsonNode rollout, FleetGateway gateway, long copies, long worse, long? generation = null) => new()
    {
        GatewayId = "gateway-1",
        Shadows =
        {
            new ShadowComparison
            {
                Alias = Alias, Epoch = 1, Generation = generation ?? gateway.Generation, Release = (string)rollout["candidate"]!["digest"]!, Copies = copies, Failed = worse,
                SameVerdict = copies - worse, Worse = worse, Agreement = copies - worse, UserMs = copies * 40, ShadowMs = copies * 50, UserCharacters = 600, ShadowCharacters = 500,
            },
        },
    };
}
