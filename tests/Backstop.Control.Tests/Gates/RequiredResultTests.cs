using System.Net;
using Backstop.Control.Tests.Harness;
using Backstop.Control.Tests.Rollouts;

namespace Backstop.Control.Tests.Gates;

/// <summary>What a release must have passed counts when it rises, and not only when its rollout begins.</summary>
public sealed class RequiredResultTests
{
    private const string Alias = "assistant:prod";

    [Fact]
    public async Task A_result_that_was_taken_back_and_a_gate_that_is_required_since_hold_up_the_promotion_of_a_rollout_under_way()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        await Require(server, "sums");
        await Record(server, "sums", failures: 0);
        var id = await RolloutTests.Submit(server, new { shadow = new { basis_points = 1000, dwell_ms = 0, min_units = 50 }, steps = Array.Empty<object>(), bake_ms = 3_600_000 });
        await gateway.Reaches(3);

        await Record(server, "sums", failures: 3);
        await gateway.Send(ShadowRolloutTests.Copies(await server.Get($"rollouts/{id}"), gateway, copies: 60, worse: 0));
        await Waits(server, id, "gate sums must have passed v8, and it failed: 3 of 20 answers");
        await Require(server, "sums", "refunds");
        await Record(server, "sums", failures: 0);
        await Waits(server, id, "gate refunds must have passed v8, and there is none");
        Assert.Equal("v7", (string)(await server.Get($"aliases/{Alias}"))["current"]!["name"]!);

        await Record(server, "refunds", failures: 0);
        await server.RolloutReaches(id, "baking");
    }

    private static Task Waits(ControlServer server, string id, string why) =>
        Eventually.Is(() => server.Get($"rollouts/{id}"), r => (string?)r["status"] == "shadowing" && ((string?)r["waits"])?.Contains(why, StringComparison.Ordinal) == true);

    private static async Task Require(ControlServer server, params string[] gates) => Assert.Equal(
        HttpStatusCode.OK, (await server.Post($"aliases/{Alias}/required-gates", new { gates = gates.Select(gate => new { gate }), reason = "test" })).Status);

    private static async Task Record(ControlServer server, string gate, int failures)
    {
        var digest = (string)(await server.Get("releases/v8"))["digest"]!;
        var (status, _) = await server.Post(
            "releases/v8/gate-results", new { gate, gate_digest = digest, release_digest = digest, runs = 20, failures, errors = 0, fail_if_more_than = 1 });
        Assert.Equal(HttpStatusCode.Created, status);
    }
}
