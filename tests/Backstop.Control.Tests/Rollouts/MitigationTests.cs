using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Rollouts;

/// <summary>What is done on the live route besides a rollback: by somebody, for a reason, for a time.</summary>
public sealed class MitigationTests
{
    private const string Alias = "assistant:prod";
    private const long Hour = 3_600_000;

    private static readonly object Stricter = new { input = new { checks = new[] { new { use = "injection", threshold = 0.3 } } } };

    [Fact]
    public async Task Mitigations_lie_over_the_policy_are_in_the_journal_and_leave_it_as_it_was_when_they_are_lifted()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        await server.Post($"aliases/{Alias}/traffic", new { policy = new { in_flight = "stop" }, reason = "test" });
        await gateway.Reaches(2);
        var before = gateway.Routes.Last().Route.Traffic;
        await server.Post($"aliases/{Alias}/mitigations", new { kind = "limit", requests_per_second = 5, for_ms = Hour, reason = "slow" });
        await server.Post($"aliases/{Alias}/mitigations", new { kind = "fallback", release = "v8", for_ms = Hour, reason = "leaks" });
        await server.Post($"aliases/{Alias}/mitigations", new { kind = "drain", replicas = new[] { "http://10.1.*" }, for_ms = Hour, reason = "region" });
        await server.Post($"aliases/{Alias}/mitigations", new { kind = "tighten", stages = Stricter, for_ms = Hour, reason = "attack" });
        await server.Post($"aliases/{Alias}/mitigations", new { kind = "bypass", indexes = new[] { "*" }, for_ms = Hour, reason = "index" });
        var (_, alias) = await server.Post($"aliases/{Alias}/mitigations", new { kind = "drain", replicas = new[] { "http://10.2.0.1" }, for_ms = Hour, reason = "server" });
        await gateway.Reaches(8);
        var traffic = System.Text.Json.Nodes.JsonNode.Parse(gateway.Routes.Last().Route.Traffic)!;
        Assert.Equal(("stop", 5, 10_000), ((string)traffic["in_flight"]!, (int)traffic["limits"]!["alias"]!["requests_per_second"]!, (int)traffic["variants"]![0]!["basis_points"]!));
        Assert.Equal(["http://10.1.*", "http://10.2.0.1"], traffic["drained"]!.AsArray().Select(r => (string)r!));
        Assert.Equal(("injection", "*"), ((string)traffic["tighten"]![0]!["stages"]!["input"]!["checks"]![0]!["use"]!, (string)traffic["inputs"]!["retrieval"]!["bypass"]![0]!));
        Assert.Equal("stop", (string)(await server.Get($"aliases/{Alias}/traffic"))["policy"]!["in_flight"]!);
        var mitigations = alias["mitigations"]!.AsArray();
        Assert.Equal(["limit", "fallback", "drain", "tighten", "bypass", "drain"], mitigations.Select(m => (string)m!["kind"]!));
        Assert.Equal("beside each release's own checks, input: injection (block from 0.3)", (string)mitigations[3]!["words"]!);
        foreach (var mitigation in mitigations)
        {
            Assert.Equal(200, (int)(await server.Post($"aliases/{Alias}/mitigations/{(string)mitigation!["id"]!}/lift", new { reason = "over" })).Status);
        }

        await gateway.Reaches(14);
        Assert.Equal(before, gateway.Routes.Last().Route.Traffic);
        var kinds = (await server.Get($"aliases/{Alias}/history")).AsArray().Select(e => (string)e!["kind"]!).ToList();
        Assert.Equal((6, 6), (kinds.Count(k => k == "mitigation_begun"), kinds.Count(k => k == "mitigation_lifted")));
        Assert.Equal(409, (int)(await server.Post($"aliases/{Alias}/mitigations/m1/lift", new { reason = "over" })).Status);
    }

    [Theory]
    [InlineData("limit")]
    [InlineData("fallback")]
    [InlineData("drain")]
    [InlineData("tighten")]
    [InlineData("bypass")]
    public async Task A_mitigation_ends_by_itself_when_its_time_is_over(string kind)
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        await gateway.Reaches(1);
        var before = gateway.Routes.Last().Route.Traffic;
        await server.Post(
            $"aliases/{Alias}/mitigations",
            new { kind, requests_per_second = 5, release = "v8", replicas = new[] { "http://10.1.*" }, stages = Stricter, indexes = new[] { "kb-41" }, for_ms = 300, reason = "test" });
        await gateway.Reaches(3);
        Assert.NotEqual(before, gateway.Routes.First(r => r.Route.Generation == 2).Route.Traffic);
        Assert.Equal(before, gateway.Routes.Last().Route.Traffic);
        Assert.Contains((await server.Get($"aliases/{Alias}/history")).AsArray(), e => (string)e!["kind"]! == "mitigation_expired" && (string)e["actor"]! == "backstop");
        Assert.Empty((await server.Get($"aliases/{Alias}"))["mitigations"]!.AsArray());
    }

    [Fact]
    public async Task A_mitigation_that_makes_no_sense_is_refused_by_the_name_of_what_is_wrong()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        foreach (var (body, key) in new (object, string)[]
        {
            (new { kind = "limit", for_ms = Hour, reason = "test" }, "requests_per_second"),
            (new { kind = "fallback", for_ms = Hour, reason = "test" }, "release"),
            (new { kind = "drain", for_ms = Hour, reason = "test" }, "replicas"),
            (new { kind = "limit", requests_per_second = 1, for_ms = 0, reason = "test" }, "for_ms"),
            (new { kind = "tighten", for_ms = Hour, reason = "test" }, "stages"),
            (new { kind = "tighten", stages = new { input = new { checks = new[] { new { use = "injection" } } } }, for_ms = Hour, reason = "test" }, "stages"),
            (new { kind = "tighten", stages = new { input = new { checks = new[] { new { use = "injektion" } } } }, for_ms = Hour, reason = "test" }, "injektion"),
            (new { kind = "bypass", for_ms = Hour, reason = "test" }, "indexes"),
            (new { kind = "bypass", indexes = new[] { "" }, for_ms = Hour, reason = "test" }, "bypass"),
        })
        {
            var (status, problem) = await server.Post($"aliases/{Alias}/mitigations", body);
            Assert.Equal(400, (int)status);
            Assert.Contains(key, (string)problem["detail"]!, StringComparison.Ordinal);
        }
    }
}
