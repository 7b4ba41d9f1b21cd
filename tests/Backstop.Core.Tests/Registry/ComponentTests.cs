using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Registry;

namespace Backstop.Core.Tests.Registry;

public sealed class ComponentTests
{
    private static readonly Component Prompt = new(new("prompt", "support", 3), """{"system":"Be brief."}""");

    [Fact]
    public void A_name_with_a_version_is_read_back_as_written()
    {
        Assert.Equal(new("prompt", "support", 3), ComponentRef.Parse("prompt", "support@3"));
        Assert.Equal("support@3", Prompt.Ref.ToString());
        Assert.All((string[])["support", "support@", "@3", "support@0", "support@-1", "sup port@3", "support@3.0", "support@99999999999"], text => Assert.Null(ComponentRef.Parse("prompt", text)));
    }

    [Fact]
    public void A_manifest_that_names_a_component_gets_its_content_and_says_what_it_was()
    {
        var manifest = Manifest("""{ "prompt": "support@3", "retrieval_index": "a text that names nothing" }""");
        Assert.Equal([Prompt.Ref], ManifestComponents.Needed(manifest));
        var (resolved, refused) = ManifestComponents.Resolve(manifest, [Prompt]);
        Assert.Null(refused);
        var release = Parsed(resolved!);
        Assert.Equal("Be brief.", release.Prompt!.Messages[0].Text);
        Assert.Equal(new("support", 3, Prompt.Digest), release.Components["prompt"]);

        // What was resolved once is resolved again to the same, so a manifest that was read back registers as itself.
        Assert.Equal([Prompt.Ref], ManifestComponents.Needed(resolved!));
        Assert.Equal(release.Digest, Parsed(ManifestComponents.Resolve(resolved!, [Prompt]).Manifest!).Digest);
    }

    [Fact]
    public void What_is_not_what_it_says_is_refused()
    {
        Assert.Contains("There is no prompt 'support@3'", ManifestComponents.Resolve(Manifest("""{ "prompt": "support@3" }"""), []).Refused, StringComparison.Ordinal);

        var resolved = ManifestComponents.Resolve(Manifest("""{ "prompt": "support@3" }"""), [Prompt]).Manifest!;
        resolved["prompt"]!["system"] = "Be verbose.";
        Assert.Contains("is not the digest of 'prompt'", Invalid(resolved), StringComparison.Ordinal);

        resolved["components"]!["prompt"]!["digest"] = CanonicalJson.Digest("""{"system":"Be verbose."}""");
        Parsed(resolved); // It hangs together; only the registry knows that version 3 is something else.
        Assert.Contains("another digest", ManifestComponents.Resolve(resolved, [Prompt]).Refused, StringComparison.Ordinal);

        resolved["components"] = JsonNode.Parse("""{ "promt": {} }""");
        Assert.Contains("Did you mean 'prompt'?", Invalid(resolved), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prompts", "a", "{}", "Did you mean 'prompt'?")]
    [InlineData("prompt", "a b", "{}", "not a name")]
    [InlineData("prompt", "a", """{ "sytem": "x" }""", "Did you mean 'system'?")]
    [InlineData("parameters", "a", """{ "model": "x" }""", "may not name 'model'")]
    [InlineData("guard_policy", "a", """{ "stages": { "output": { "checks": [ { "use": "toxicty" } ] } } }""", "toxicity")]
    [InlineData("model", "a", "[]", "must be a JSON object")]
    [InlineData("model", "a", """{ "weights": "s3://x" }""", null)]
    public void Content_is_checked_by_its_kind(string kind, string name, string content, string? expected)
    {
        using var document = JsonDocument.Parse(content);
        var flaw = Component.FlawOf(kind, name, document.RootElement);
        if (expected is null)
        {
            Assert.Null(flaw);
        }
        else
        {
            Assert.Contains(expected, flaw, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{ "training_run": "https://tracker.internal/runs/42", "eval_runs": ["e1", { "id": "e2", "url": "https://e/2" }] }""", null)]
    [InlineData("""{ "training_runs": "x" }""", "Did you mean 'training_run'?")]
    [InlineData("""{ "commit": { "id": "3f2a", "url": "ftp://x" } }""", "https address")]
    [InlineData("""{ "commit": { "id": "3f2a", "url": "https://me:secret@x" } }""", "without a password")]
    [InlineData("""{ "eval_runs": "x" }""", "must be a JSON array")]
    [InlineData("""{ "data_set": "" }""", "is empty")]
    public void Lineage_is_read_strictly_from_new_releases_only(string lineage, string? expected)
    {
        var release = Parsed(Manifest($$"""{ "lineage": {{lineage}} }"""));
        if (expected is null)
        {
            Assert.Null(release.Flaw);
            using var document = JsonDocument.Parse(lineage);
            Assert.Equal(
                [("training_run", "https://tracker.internal/runs/42"), ("eval_runs", null), ("eval_runs", "https://e/2")],
                LineageLink.Read(document.RootElement).Links.Select(l => (l.What, l.Url?.OriginalString)));
        }
        else
        {
            Assert.Contains(expected, release.Flaw, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_difference_is_told_by_part_message_and_line()
    {
        var before = Parsed(ManifestComponents.Resolve(Manifest("""{ "prompt": "support@3", "parameters": { "temperature": 0.2, "top_p": 1 } }"""), [Prompt]).Manifest!);
        var newer = new Component(new("prompt", "support", 4), CanonicalJson.Of("""{"messages":[{"role":"system","content":"One.\nTwo.\nThree."}]}"""));
        var newest = new Component(new("prompt", "support", 5), CanonicalJson.Of("""{"messages":[{"role":"system","content":"One.\n2.\nThree."}]}"""));
        var after = Parsed(ManifestComponents.Resolve(Manifest("""{ "prompt": "support@4", "parameters": { "temperature": 0.7, "top_p": 1 } }"""), [newer]).Manifest!);
        Assert.Equal(["prompt", "parameters"], ReleaseDiff.Components(before, after));
        Assert.Contains(ReleaseDiff.Between(before, after), d => d is { Component: "prompt", Path: "/components/prompt/version", Before: "3", After: "4" });
        Assert.Contains(ReleaseDiff.Between(before, after), d => d is { Path: "/parameters/temperature", Before: "0.2", After: "0.7" });

        var text = Assert.Single(ReleaseDiff.Between(newer, newest));
        Assert.Equal("/prompt/messages/0/content", text.Path);
        Assert.Equal([new(' ', "One."), new('-', "Two."), new('+', "2."), new(' ', "Three.")], text.Lines());
    }

    private static JsonObject Manifest(string more)
    {
        var manifest = JsonNode.Parse(more)!.AsObject();
        manifest["serving"] = JsonNode.Parse("""{ "model": "m", "replicas": ["http://127.0.0.1:1"] }""");
        return manifest;
    }

    private static Release Parsed(JsonObject manifest) => Assert.IsType<ReleaseResult.Parsed>(Release.Parse("v1", manifest.ToJsonString())).Release;

    private static string Invalid(JsonObject manifest) => Assert.IsType<ReleaseResult.Invalid>(Release.Parse("v1", manifest.ToJsonString())).Error;
}
