using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Backstop.Emulation;

/// <summary><c>POST /v2/models/{model}/infer</c>: a ranker of shop items by their price, rating and clicks, as Open Inference asks one.</summary>
/// <remarks>It takes a null for a zero, as many rankers do, and ranks as if nobody ever clicked.</remarks>
internal sealed class InferEndpoint(EmulatorSettings settings, Func<EmulatorProfile> profile, TruthLog truth)
{
    private static readonly (string Feature, double Weight)[] Weights = [("price", -0.02), ("rating", 1.0), ("clicks", 0.05)];

    private long _answered;

    /// <summary>The score that a sound ranker gives an item.</summary>
    public static double Score(IReadOnlyDictionary<string, double> item) => Weights.Sum(w => w.Weight * item.GetValueOrDefault(w.Feature));

    public async Task<IResult> Answer(HttpContext context)
    {
        var number = Interlocked.Increment(ref _answered);
        var requestId = context.Request.Headers["x-request-id"] is [{ Length: > 0 } given, ..] ? given : $"emulated-{number}";
        var release = profile();
        var dice = Dice.For(settings.Seed, number);
        var columns = new Dictionary<string, JsonArray>(StringComparer.Ordinal);
        foreach (var tensor in (JsonNode.Parse(await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted))?["inputs"] as JsonArray ?? []).OfType<JsonObject>())
        {
            columns[(string)tensor["name"]!] = tensor["data"]!.AsArray();
        }

        var hasNull = columns.Values.Any(values => values.Any(v => v is null));
        var scores = Enumerable.Range(0, columns.Values.Select(v => v.Count).DefaultIfEmpty(0).Min())
            .Select(i => Score(columns.ToDictionary(c => c.Key, c => (double?)c.Value[i] ?? 0)))
            .ToArray();
        if (scores.Length > 1 && !dice.Chance(release.Accuracy))
        {
            var best = Array.IndexOf(scores, scores.Max());
            scores[(best + dice.Between(1, scores.Length - 1)) % scores.Length] = scores.Max() + 1;
        }

        truth.Add(new(requestId, DateTimeOffset.UtcNow, release.Name, hasNull ? "null_features" : "scored", false, false, false, null, false, null, ""));
        await Task.Delay(release.DrawLatency(dice), context.RequestAborted);
        return Results.Text(
            new JsonObject
            {
                ["model_name"] = settings.Model ?? release.Name,
                ["outputs"] = new JsonArray(new JsonObject
                {
                    ["name"] = "score", ["shape"] = new JsonArray(scores.Length), ["datatype"] = "FP64", ["data"] = new JsonArray([.. scores.Select(s => JsonValue.Create(s))]),
                }),
            }.ToJsonString(),
            "application/json");
    }
}
