using System.Net;
using Backstop.Control.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Tests.Rollouts;

/// <summary>Servers of a release that no alias needs any more are told that they may rest, where the release says so; whoever needs them again finds them awake.</summary>
public sealed class RestTests
{
    private const string Alias = "assistant:prod";

    [Theory]
    [InlineData("""{"kind":"vllm","rest_after_s":0}""", "/sleep?level=1", "/wake_up")]
    [InlineData(
        """{"kind":"vllm","adapter":"/lora/old","rest_after_s":0}""", """/v1/unload_lora_adapter{"lora_name":"old"}""",
        """/v1/load_lora_adapter{"lora_name":"old","lora_path":"/lora/old"}""")]
    [InlineData("""{"kind":"triton","rest_after_s":0}""", "/v2/repository/models/old/unload{}", "/v2/repository/models/old/load{}")]
    [InlineData("""{"kind":"ollama","rest_after_s":0}""", """/api/generate{"model":"old","keep_alive":0}""", """/api/generate{"model":"old","keep_alive":-1}""")]
    public async Task A_release_rests_when_it_is_neither_served_nor_the_way_back_and_is_awake_when_it_is_served_again(string engine, string rests, string wakes)
    {
        await using var old = await Engine();
        await using var model = await ModelServer.Start();
        using var log = new LogBook();
        await using var server = await ControlServer.Start(log: log);
        await Register(server, "old", old, engine);
        await server.Register("new", model.Address, "new");
        await server.Register("newer", model.Address, "newer");
        await server.CreateAlias(Alias, "old");
        await IsSeen(log, "old");

        await Serve(server, "new", generation: 1);
        await Looked(server, log);
        Assert.DoesNotContain(rests, old.Told); // It is what a rollback would return to.

        await Serve(server, "newer", generation: 3);
        await Eventually.Is(() => Task.FromResult(old.Told.LastOrDefault()), told => told == rests);
        var rested = (await server.Get("journal?limit=1000")).AsArray().Where(e => (string)e!["kind"]! == "release_rested").Select(e => (string)e!["reason"]!);
        Assert.Single(rested, reason => reason.StartsWith($"old at {old.Address}", StringComparison.Ordinal));

        await Serve(server, "old", generation: 5);
        Assert.Equal(wakes, old.Told.Last());
    }

    [Fact]
    public async Task A_release_that_is_kept_warm_does_not_rest_until_it_is_kept_no_more()
    {
        await using var old = await Engine();
        await using var model = await ModelServer.Start();
        using var log = new LogBook();
        await using var server = await ControlServer.Start(log: log);
        await Register(server, "old", old, """{"kind":"vllm","rest_after_s":0}""");
        await server.Register("new", model.Address, "new");
        await server.Register("newer", model.Address, "newer");
        await server.CreateAlias(Alias, "old");
        await IsSeen(log, "old");
        await server.Post($"aliases/{Alias}/warm-set", new { keep = new[] { new { release = "old" } }, reason = "test" });
        await Serve(server, "new", generation: 2);
        await Serve(server, "newer", generation: 4);
        await Looked(server, log);
        Assert.DoesNotContain("/sleep?level=1", old.Told);

        await server.Post($"aliases/{Alias}/warm-set", new { keep = Array.Empty<object>(), reason = "test" });
        await Eventually.Is(() => Task.FromResult(old.Told.LastOrDefault()), told => told == "/sleep?level=1");
    }

    [Fact]
    public async Task Servers_of_another_release_that_somebody_needs_are_left_alone_and_a_fallback_is_awake()
    {
        const string Sleeps = """{"kind":"vllm","rest_after_s":0}""";
        await using var shared = await Engine();
        await using var old = await Engine();
        await using var model = await ModelServer.Start();
        using var log = new LogBook();
        await using var server = await ControlServer.Start(log: log);
        await Register(server, "old", old, Sleeps);
        await Register(server, "lodger", shared, Sleeps);
        await server.Register("owner", shared.Address, "owner");
        await server.Register("new", model.Address, "new");
        await server.Register("newer", model.Address, "newer");
        await server.CreateAlias("owner:prod", "owner");
        await server.CreateAlias("lodger:prod", "lodger");
        await server.CreateAlias(Alias, "old");

        await IsSeen(log, "old");
        await IsSeen(log, "lodger");

        foreach (var alias in (string[])["lodger:prod", Alias])
        {
            await Serve(server, "new", generation: 1, alias);
            await Serve(server, "newer", generation: 3, alias);
        }

        await Eventually.Is(() => Task.FromResult(old.Told.LastOrDefault()), told => told == "/sleep?level=1");
        Assert.DoesNotContain("/sleep?level=1", shared.Told);

        var policy = new { policy = new { fallback = new[] { new { release = "old" } } }, reason = "test" };
        var (status, body) = await server.Post($"aliases/{Alias}/traffic", policy);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        await Eventually.Is(() => Task.FromResult(old.Told.LastOrDefault()), told => told == "/wake_up");
    }

    private static async Task<ModelServer> Engine()
    {
        var server = await ModelServer.Start();
        server.Otherwise = StatusCodes.Status200OK;
        return server;
    }

    private static async Task Register(ControlServer server, string name, ModelServer model, string engine)
    {
        var manifest = System.Text.Json.Nodes.JsonNode.Parse($$$"""{"serving":{"model":"{{{name}}}","replicas":["{{{model.Address}}}"],"engine":{{{engine}}}}}""");
        Assert.Equal(HttpStatusCode.Created, (await server.Post("releases", new { name, manifest })).Status);
    }

    private static async Task Serve(ControlServer server, string release, int generation, string alias = Alias)
    {
        var (status, body) = await server.Post($"aliases/{alias}/swap", new { release, expected_generation = generation, reason = "test" });
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        (status, body) = await server.Post($"aliases/{alias}/vouch", new { reason = "test" });
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
    }

    private static Task IsSeen(LogBook log, string release) =>
        Eventually.Is(() => Task.FromResult(log.Lines.Length), _ => log.Lines.Any(line => line.StartsWith($"{release} is needed, and may rest", StringComparison.Ordinal)));

    // A release that comes into use and leaves it again was seen to be told: whoever looked has seen everything before, too.
    private static async Task Looked(ControlServer server, LogBook log)
    {
        await using var witness = await Engine();
        await using var model = await ModelServer.Start();
        await Register(server, "witness", witness, """{"kind":"vllm","rest_after_s":0}""");
        await server.Register("after", model.Address, "after");
        await server.Register("later", model.Address, "later");
        await server.CreateAlias("witness:prod", "witness");
        await IsSeen(log, "witness");
        await Serve(server, "after", generation: 1, "witness:prod");
        await Serve(server, "later", generation: 3, "witness:prod");
        await Eventually.Is(() => Task.FromResult(witness.Told.LastOrDefault()), told => told == "/sleep?level=1");
    }
}
