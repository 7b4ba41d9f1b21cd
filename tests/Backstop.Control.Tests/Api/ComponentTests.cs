using System.Net;
using System.Text.Json.Nodes;
using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Api;

public sealed class ComponentTests : IAsyncLifetime
{
    private static readonly object Serving = new { model = "m", replicas = new[] { "http://127.0.0.1:9" } };
    private ControlServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ControlServer.Start();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task The_same_content_is_the_same_version_and_other_content_is_the_next()
    {
        Assert.Equal((HttpStatusCode.Created, 1), await Push("Be brief, {{ name }}."));
        Assert.Equal((HttpStatusCode.OK, 1), await Push("Be brief, {{ name }}."));
        Assert.Equal((HttpStatusCode.Created, 2), await Push("Be brief and kind, {{ name }}."));
        Assert.Equal((HttpStatusCode.OK, 1), await Push("Be brief, {{ name }}."));
        Assert.Equal(2, (int)(await _server.Get("components/prompt/support/latest"))["version"]!);
        Assert.Equal(["support@1", "support@2"], (await _server.Get("components?kind=prompt")).AsArray().Select(c => $"{c!["name"]}@{c["version"]}"));
        Assert.Equal(["2"], (await _server.Get("components?after=prompt/support@1")).AsArray().Select(c => $"{c!["version"]}"));
        Assert.Equal(2, (await _server.Get("journal")).AsArray().Count(e => (string?)e!["kind"] == "component_registered"));
        Assert.True((bool)(await _server.Get("journal/check"))["intact"]!);
    }

    [Fact]
    public async Task A_release_takes_a_component_by_name_and_version_and_a_client_can_fetch_what_its_alias_says_now()
    {
        await Push("Be brief, {{ name }}.");
        await Push("Be brief.\nBe kind, {{ name }}.");
        await Push("Be brief.\nBe honest, {{ name }}.");
        foreach (var version in (int[])[1, 2, 3])
        {
            var (status, _) = await _server.Post("releases", new { name = $"v{version}", manifest = new { serving = Serving, prompt = $"support@{version}" } });
            Assert.Equal(HttpStatusCode.Created, status);
        }

        // What was read back is the same release again.
        var manifest = (await _server.Get("releases/v1"))["manifest"]!;
        Assert.Equal("support", (string)manifest["components"]!["prompt"]!["name"]!);
        Assert.Equal(HttpStatusCode.OK, (await _server.Post("releases", new { name = "v1", manifest })).Status);

        var diff = await _server.Get("releases/v2/diff/v3");
        Assert.Equal("prompt", (string)diff["components"]!.AsArray().Single()!);
        var text = diff["differences"]!.AsArray().Single(d => (string)d!["path"]! == "/prompt/messages/0/content")!;
        Assert.Equal([" Be brief.", "-Be kind, {{ name }}.", "+Be honest, {{ name }}."], text["lines"]!.AsArray().Select(l => (string)l!));
        Assert.Single((await _server.Get("components/prompt/support/2/diff/3"))["differences"]!.AsArray());

        await _server.CreateAlias("assistant:prod", "v1");
        var prompt = await _server.Get("aliases/assistant:prod/prompt");
        Assert.Equal("Be brief, {{ name }}.", (string)prompt["messages"]![0]!["content"]!);
        Assert.True((bool)prompt["variables"]!["name"]!["required"]!);
        Assert.Equal(1, (int)prompt["component"]!["version"]!);
    }

    [Fact]
    public async Task What_makes_no_sense_is_not_registered()
    {
        (string Kind, string Body, string Says)[] wrong =
        [
            ("prompt", """{ "content": { "messages": [ { "role": "system", "content": "{{ nmae }}" } ], "variables": { "name": {} } } }""", "Did you mean 'name'?"),
            ("prompt", """{ "content": { "messages": [ { "role": "system", "content": "{% include 'x' %}" } ] } }""", "'include' tag"),
            ("promt", """{ "content": {} }""", "Did you mean 'prompt'?"),
            ("model", """{ "content": {}, "lineage": { "comit": "3f2a" } }""", "Did you mean 'commit'?"),
            ("model", """{ "content": {}, "linage": {} }""", "Did you mean 'lineage'?"),
            ("guard_policy", """{ "content": { "stages": { "output": { "checks": [ { "use": "toxicty" } ] } } } }""", "toxicity"),
        ];
        foreach (var (kind, body, says) in wrong)
        {
            await Refused($"components/{kind}/support", JsonNode.Parse(body)!, says);
        }

        Assert.Empty((await _server.Get("components")).AsArray());
    }

    [Fact]
    public async Task A_release_that_makes_no_sense_is_not_registered()
    {
        await Push("Be brief, {{ name }}.");
        (string Manifest, string Says)[] wrong =
        [
            ("""{ "prompt": "support@7" }""", "There is no prompt 'support@7'"),
            ("""{ "prompt": { "messages": [ { "role": "system", "content": "{{ x }}" } ] } }""", "uses 'x', which is not declared"),
            ("""{ "lineage": { "comit": "x" } }""", "Did you mean 'commit'?"),
            ("""{ "compatibility": { "oneway": "x" } }""", "Did you mean 'one_way'?"),
            ("""{ "prompt": {}, "components": { "prompt": { "name": "support", "version": 1, "digest": "sha256:0" } } }""", "another digest"),
        ];
        foreach (var (manifest, says) in wrong)
        {
            var content = JsonNode.Parse(manifest)!;
            content["serving"] = JsonNode.Parse("""{ "model": "m", "replicas": ["http://127.0.0.1:9"] }""");
            await Refused("releases", new { name = "v9", manifest = content }, says);
        }

        Assert.Empty((await _server.Get("releases")).AsArray());
    }

    private async Task Refused(string path, object body, string says)
    {
        var (status, problem) = await _server.Post(path, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(says, (string)problem["detail"]!, StringComparison.Ordinal);
    }

    private async Task<(HttpStatusCode Status, int Version)> Push(string text)
    {
        var (status, component) = await _server.Post(
            "components/prompt/support",
            new { content = new { messages = new[] { new { role = "system", content = text } }, variables = new { name = new { } } }, lineage = new { commit = "3f2a91c" } });
        return (status, (int)component["version"]!);
    }
}
