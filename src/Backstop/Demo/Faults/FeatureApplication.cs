using System.Text.Json.Nodes;
using Backstop.Emulation;

namespace Backstop.Demo.Faults;

/// <summary>An application that ranks shop items with features from a pipeline. The fault: the pipeline emits nulls for most clicks.</summary>
internal sealed class FeatureApplication(HttpClient http, int seed) : Application(http, seed)
{
    private const int Items = 5;
    private const double NullShare = 0.6;

    public override string Fault => "features";

    public override string Alias => "ranker:prod";

    public override string Release(Pool pool) => $"ranker-{pool.Release}";

    public override JsonObject Manifest(string release, Uri replica) => new()
    {
        ["model"] = new JsonObject { ["name"] = "ranker", ["version"] = release },
        ["serving"] = new JsonObject
        {
            ["protocol"] = "open-inference", ["model"] = release, ["replicas"] = new JsonArray(replica.GetLeftPart(UriPartial.Authority)),
        },
    };

    protected override async Task<(string Id, int Status, string? Release, string Text, bool? Correct)> Ask(string id, Dice dice, bool broken, CancellationToken cancel)
    {
        var items = Enumerable.Range(0, Items).Select(_ => new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["price"] = dice.Between(10, 60), ["rating"] = 1 + (4 * dice.NextDouble()), ["clicks"] = Math.Max(0, 100 + (2 * dice.NextNormal())),
        }).ToArray();
        JsonNode? Sent(string feature, double value) => feature == "clicks" && broken && dice.Chance(NullShare) ? null : JsonValue.Create(Math.Round(value, 3));
        var body = new JsonObject
        {
            ["inputs"] = new JsonArray([.. items[0].Keys.Select(feature => new JsonObject
            {
                ["name"] = feature, ["shape"] = new JsonArray(Items), ["datatype"] = "FP64", ["data"] = new JsonArray([.. items.Select(i => Sent(feature, i[feature]))]),
            })]),
        };
        var (status, release, answer) = await Send(id, $"v2/models/{Alias}/infer", body, null, cancel);
        var scores = (answer?["outputs"]?[0]?["data"] as JsonArray)?.Select(s => (double)s!).ToArray();
        var best = Array.IndexOf(items, items.MaxBy(InferEndpoint.Score));
        return (id, status, release, "", scores is { Length: Items } ? Array.IndexOf(scores, scores.Max()) == best : null);
    }
}
