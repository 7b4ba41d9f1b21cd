using System.Net.Http.Json;
using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Rollouts.Edges;

/// <summary>Releases that could not be returned to, asked before anything is exposed. The numbers are those of docs/rollouts.md.</summary>
public sealed class CapacityEdgeTests
{
    private const string Alias = "assistant:prod";
    private static readonly object AtOnce = new { steps = Array.Empty<object>(), bake_ms = 3_600_000 };

    [Fact]
    public async Task E39_a_replica_that_answers_as_another_model_is_not_warm()
    {
        await using var model = await ModelServer.Start(answersAs: "five");
        await using var server = await RolloutTests.Prepared(model);
        var rollout = await server.RolloutReaches(await RolloutTests.Submit(server, AtOnce), "rejected");
        Assert.Contains("answers as five", (string)rollout["reason"]!, StringComparison.Ordinal);
        Assert.Equal(1, (long)(await server.Get($"aliases/{Alias}"))["generation"]!);
    }

    [Fact]
    public async Task E40_a_release_that_could_not_be_taken_back_is_rejected_before_anybody_sees_it()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        var manifest = new
        {
            serving = new { model = "nine", replicas = new[] { model.Address.ToString() } },
            compatibility = new { one_way = "it rebuilds the index in place" },
        };
        (await server.Api.PostAsJsonAsync("/api/v1/releases", new { name = "v9", manifest }, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        var (_, submitted) = await server.Post($"aliases/{Alias}/rollouts", new { release = "v9", plan = AtOnce });
        var rollout = await server.RolloutReaches((string)submitted["id"]!, "rejected");
        Assert.Contains("rebuilds the index", (string)rollout["reason"]!, StringComparison.Ordinal);
        Assert.Equal(1, (long)(await server.Get($"aliases/{Alias}"))["generation"]!);
    }

    [Fact]
    public async Task E43_nothing_that_a_rollback_refers_to_can_be_deleted_while_it_is_verified_or_after()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        var id = await RolloutTests.Submit(server, new { steps = Array.Empty<object>(), bake_ms = 3_600_000, verify_window_ms = 3_600_000 });
        await server.RolloutReaches(id, "baking");
        await server.Post($"rollouts/{id}/abort", new { reason = "test" });
        await server.RolloutReaches(id, "verifying");
        foreach (var name in new[] { "v7", "v8" })
        {
            using var deleted = await server.Api.DeleteAsync($"/api/v1/releases/{name}", TestContext.Current.CancellationToken);
            Assert.Equal(System.Net.HttpStatusCode.MethodNotAllowed, deleted.StatusCode);
            Assert.Equal(name, (string)(await server.Get($"releases/{name}"))["name"]!);
        }
    }

    [Fact]
    public async Task A_release_that_writes_what_the_one_before_cannot_read_needs_a_reason_that_is_journaled()
    {
        await using var model = await ModelServer.Start();
        await using var server = await ControlServer.Start();
        await using var gateway = await FleetGateway.Connect(server);
        object Declaring(object compatibility) => new { serving = new { model = "five", replicas = new[] { model.Address.ToString() } }, compatibility };
        await server.Post("releases", new { name = "v1", manifest = Declaring(new { reads = new { feature_schema = new[] { 2, 3 } } }) });
        await server.Post("releases", new { name = "v2", manifest = Declaring(new { writes = new { feature_schema = 4 } }) });
        await server.CreateAlias(Alias, "v1");

        // By hand, by a rollout, and by one that breaks the glass, which skips the gates but not this.
        var (status, problem) = await server.Post($"aliases/{Alias}/swap", new { release = "v2", expected_generation = 1, reason = "try" });
        Assert.Equal(System.Net.HttpStatusCode.Conflict, status);
        Assert.Contains("compatibility.writes.feature_schema", (string)problem["detail"]!, StringComparison.Ordinal);
        foreach (var plan in new object[] { AtOnce, new { steps = Array.Empty<object>(), break_glass = "current is broken" } })
        {
            var (_, refused) = await server.Post($"aliases/{Alias}/rollouts", new { release = "v2", plan });
            var rejected = await server.RolloutReaches((string)refused["id"]!, "rejected");
            Assert.Contains("it writes feature_schema 4, and the release before it reads only 2, 3", (string)rejected["reason"]!, StringComparison.Ordinal);
        }

        Assert.Equal(1, (long)(await server.Get($"aliases/{Alias}"))["generation"]!);
        var (_, submitted) = await server.Post(
            $"aliases/{Alias}/rollouts", new { release = "v2", plan = new { steps = Array.Empty<object>(), bake_ms = 3_600_000, no_way_back = "v1 is retired on Monday" } });
        await server.RolloutReaches((string)submitted["id"]!, "baking");
        Assert.Contains(
            (await server.Get($"aliases/{Alias}/history")).AsArray(),
            e => ((string)e!["reason"]!).EndsWith("without a way back: v1 is retired on Monday", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_ranker_is_warm_when_its_server_says_that_its_model_is_ready()
    {
        await using var model = await ModelServer.Start(answersAs: "ranker-2");
        await using var server = await ControlServer.Start();
        await using var gateway = await FleetGateway.Connect(server);
        foreach (var (name, served) in new[] { ("v1", "ranker-2"), ("v2", "ranker-2") })
        {
            var manifest = new
            {
                serving = new { protocol = "open-inference", model = served, replicas = new[] { model.Address.ToString() } }, lineage = new { commit = name },
            };
            (await server.Api.PostAsJsonAsync("/api/v1/releases", new { name, manifest }, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        }

        await server.CreateAlias("ranker:prod", "v1");
        var (_, submitted) = await server.Post("aliases/ranker:prod/rollouts", new { release = "v2", plan = AtOnce });
        await server.RolloutReaches((string)submitted["id"]!, "baking");
    }
}
