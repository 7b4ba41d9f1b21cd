using System.Text.Json.Nodes;
using Backstop.Core.Incidents;
using Backstop.Core.Registry;

namespace Backstop.Core.Tests.Incidents;

/// <summary>Parts that changed together are told apart by the trusted release with one of the new parts at a time.</summary>
public sealed class AblationTests
{
    [Fact]
    public void Each_hybrid_is_the_trusted_release_but_for_one_part()
    {
        var (bad, good) = (Of("v8", "new", "http://new:1", """{ "system": "Be loud." }"""), Of("v7", "old", "http://old:1", """{ "system": "Be calm." }"""));
        var hybrids = Ablation.Hybrids(bad, good).ToDictionary(h => h.Signal, h => JsonNode.Parse(h.Release.Manifest)!.AsObject());

        Assert.Equal(["ablation_model", "ablation_prompt"], hybrids.Keys.Order(StringComparer.Ordinal));
        var (fromBad, fromGood) = (JsonNode.Parse(bad.Manifest)!, JsonNode.Parse(good.Manifest)!);
        Assert.True(JsonNode.DeepEquals(fromBad["serving"], hybrids["ablation_model"]["serving"]));
        Assert.True(JsonNode.DeepEquals(fromGood["prompt"], hybrids["ablation_model"]["prompt"]));
        Assert.True(JsonNode.DeepEquals(fromGood["serving"], hybrids["ablation_prompt"]["serving"]));
        Assert.True(JsonNode.DeepEquals(fromBad["prompt"], hybrids["ablation_prompt"]["prompt"]));
    }

    [Fact]
    public void A_part_that_the_suspected_release_does_not_have_is_taken_away() =>
        Assert.False(JsonNode.Parse(Ablation.Hybrids(Of("v8", "new", "http://new:1", null), Of("v7", "old", "http://old:1", """{ "system": "Be calm." }""")).Single(h => h.Signal == "ablation_prompt").Release.Manifest)!.AsObject().ContainsKey("prompt"));

    [Fact]
    public void Where_one_part_changed_there_is_nothing_to_tell_apart() =>
        Assert.Empty(Ablation.Hybrids(Of("v8", "new", "http://new:1", null), Of("v7", "old", "http://old:1", null)));

    private static Release Of(string name, string model, string replica, string? prompt) => ((ReleaseResult.Parsed)Release.Parse(
        name, $$"""{ {{(prompt is null ? "" : $"\"prompt\": {prompt},")}} "serving": { "model": "{{model}}", "replicas": ["{{replica}}"] } }""")).Release;
}
