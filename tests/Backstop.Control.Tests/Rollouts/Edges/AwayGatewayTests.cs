using System.Net;
using Backstop.Control.Tests.Harness;
using Backstop.Protocol;

namespace Backstop.Control.Tests.Rollouts.Edges;

/// <summary>A promoted release is taken back while a gateway is away: no lease ends what that one serves.</summary>
public sealed class AwayGatewayTests
{
    private const string Alias = "assistant:prod";

    // The lease is over long before the deadline that makes a rollback degraded.
    private static readonly object AtOnce = new { steps = Array.Empty<object>(), bake_ms = 3_600_000, verify_window_ms = 100, convergence_deadline_ms = 2000 };

    [Fact]
    public async Task A_rollback_names_the_gateway_that_is_away_and_completes_when_it_is_back()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model, leaseMs: 300);
        await using var here = await FleetGateway.Connect(server, "here");
        var id = await Promoted(server, "far");
        await Degraded(server, id, "far");

        await using var back = await FleetGateway.Connect(server, "far", applied: new Applied { Alias = Alias, Epoch = 1, Generation = 2 });
        await back.Reaches(3);
        await server.RolloutReaches(id, "rolled_back");
    }

    [Fact]
    public async Task A_rollback_completes_when_a_person_says_that_the_gateway_is_gone_and_the_journal_says_who_and_why()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model, leaseMs: 300);
        await using var here = await FleetGateway.Connect(server, "here");
        var id = await Promoted(server, "far");
        await Degraded(server, id, "far");

        Assert.Equal(HttpStatusCode.Conflict, (await server.Post("gateways/here/forget", new { reason = "test" })).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Post("gateways/nobody/forget", new { reason = "test" })).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.Post("gateways/far/forget", new { reason = "its machine was returned" })).Status);
        await server.RolloutReaches(id, "rolled_back");
        var entry = (await server.Get("journal?limit=1000")).AsArray().Single(e => (string)e!["kind"]! == "gateway_forgotten")!;
        Assert.Contains("its machine was returned", (string)entry["reason"]!, StringComparison.Ordinal);
        Assert.Equal(["here"], (await server.Get("gateways")).AsArray().Select(g => (string)g!["id"]!));
    }

    [Fact]
    public async Task Who_is_away_is_known_after_a_restart_too()
    {
        var data = Directory.CreateTempSubdirectory("backstop-away-").FullName;
        await using var model = await ModelServer.Start();
        string id;
        await using (var server = await RolloutTests.Prepared(model, leaseMs: 300, data: data))
        {
            await using (var early = await FleetGateway.Connect(server, "early"))
            {
                await early.Reaches(1);
            }

            await using var here = await FleetGateway.Connect(server, "here");
            id = await Promoted(server, "far");
        }

        await using (var server = await ControlServer.Start(data))
        {
            var gateways = (await server.Get("gateways")).AsArray().ToDictionary(g => (string)g!["id"]!, g => g!);
            Assert.Equal(["early", "far", "here"], gateways.Keys.Order(StringComparer.Ordinal));
            Assert.All(gateways.Values, g => Assert.False((bool)g["connected"]!));
            Assert.True((DateTimeOffset)gateways["early"]["left_at"]! <= (DateTimeOffset)gateways["far"]["left_at"]!);
            await using var here = await FleetGateway.Connect(server, "here", applied: new Applied { Alias = Alias, Epoch = 1, Generation = 3 });
            await Degraded(server, id, "far");
        }

        Directory.Delete(data, recursive: true);
    }

    private static async Task<string> Promoted(ControlServer server, string gateway)
    {
        string id;
        await using (var far = await FleetGateway.Connect(server, gateway))
        {
            id = await RolloutTests.Submit(server, AtOnce);
            await far.Reaches(2);
            await server.RolloutReaches(id, "baking");
        }

        await Eventually.Is(() => server.Get("gateways"), all => all.AsArray().Any(g => (string)g!["id"]! == gateway && g["left_at"] is not null));
        await server.Post($"rollouts/{id}/abort", new { reason = "test" });
        return id;
    }

    private static async Task Degraded(ControlServer server, string id, string away)
    {
        var rollout = await server.RolloutReaches(id, "rollback_degraded");
        Assert.Contains($"awaiting", (string)rollout["reason"]!, StringComparison.Ordinal);
        Assert.Contains($"backstop gateway forget", (string)rollout["reason"]!, StringComparison.Ordinal);
        Assert.Contains(away, (string)rollout["reason"]!, StringComparison.Ordinal);
    }
}
