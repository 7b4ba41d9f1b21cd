using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Backstop.Core.Routing;

namespace Backstop.Core.Registry;

/// <summary>What is done about trouble on the live route besides a rollback.</summary>
public enum OverlayKind
{
    /// <summary>Fewer requests are taken.</summary>
    Limit,

    /// <summary>A conservative release answers instead of current.</summary>
    Fallback,

    /// <summary>Some replicas get no request.</summary>
    Drain,

    /// <summary>The ring has more checks.</summary>
    Tighten,

    /// <summary>Requests bring no retrieved documents.</summary>
    Bypass,

    /// <summary>More answers are judged, so that a doubt ends sooner.</summary>
    Judging,
}

/// <summary>Something done on the live route by somebody, for a reason, and for a time only. It lies over the traffic policy, which it leaves as it is.</summary>
/// <param name="Change">The part of a traffic policy that holds meanwhile, as JSON.</param>
/// <param name="Words">What it does, for people.</param>
/// <param name="Until">When it ends by itself.</param>
public sealed record Overlay(string Id, OverlayKind Kind, string Change, string Words, string By, string Reason, DateTimeOffset At, DateTimeOffset Until)
{
    /// <summary>Takes at most so many requests a second at a gateway.</summary>
    public static string Limit(double perSecond) =>
        new JsonObject { ["limits"] = new JsonObject { ["alias"] = new JsonObject { ["requests_per_second"] = perSecond } } }.ToJsonString();

    /// <summary>Sends everything that is neither candidate nor holdback to another release.</summary>
    /// <param name="release">Its digest.</param>
    public static string Fallback(string release) => new JsonObject
    {
        ["variants"] = new JsonArray(new JsonObject { ["name"] = "fallback", ["release"] = release, ["basis_points"] = Route.Whole }),
    }.ToJsonString();

    /// <summary>Keeps requests from replicas.</summary>
    /// <param name="replicas">Addresses as manifests name them; one that ends in <c>*</c> stands for all that begin so.</param>
    public static string Drain(IEnumerable<string> replicas) => new JsonObject { ["drained"] = new JsonArray([.. replicas.Select(r => JsonValue.Create(r))]) }.ToJsonString();

    /// <summary>Lays checks beside those of whichever release answers.</summary>
    /// <param name="stages">The stages as in a guard policy, as JSON.</param>
    public static string Tighten(string stages) => new JsonObject { ["tighten"] = new JsonArray(new JsonObject { ["stages"] = JsonNode.Parse(stages) }) }.ToJsonString();

    /// <summary>Takes no documents of these indexes.</summary>
    /// <param name="indexes">As applications name them; one that ends in <c>*</c> stands for all that begin so.</param>
    public static string Bypass(IEnumerable<string> indexes) => new JsonObject
    {
        ["inputs"] = new JsonObject { ["retrieval"] = new JsonObject { ["bypass"] = new JsonArray([.. indexes.Select(i => JsonValue.Create(i))]) } },
    }.ToJsonString();

    /// <summary>Has every answer of candidate and holdback judged, and each judge asked about every second score what he says of an answer whose score is known.</summary>
    /// <returns>Null where the policy has no judge.</returns>
    public static string? Judging(TrafficPolicy policy)
    {
        const int anchorEvery = 2;
        if (JsonNode.Parse(policy.Json)!["signals"] is not JsonArray signals || policy.Signals.All(s => s.Judge is null))
        {
            return null;
        }

        foreach (var judge in signals.Select(signal => signal!["judge"]).OfType<JsonObject>())
        {
            (judge["candidate_percent"], judge["holdback_percent"], judge["anchor_every"]) = (100, 100, anchorEvery);
        }

        return new JsonObject { ["signals"] = signals.DeepClone() }.ToJsonString();
    }

    /// <summary>The policy as it holds under overlays: of two that say the same the later holds, but what one drains, adds to the ring or bypasses no other takes back.</summary>
    public static TrafficPolicy Over(TrafficPolicy policy, ImmutableArray<Overlay> overlays)
    {
        if (overlays.IsEmpty)
        {
            return policy;
        }

        var json = JsonNode.Parse(policy.Json)!.AsObject();
        foreach (var overlay in overlays)
        {
            Merge(json, JsonNode.Parse(overlay.Change)!.AsObject());
        }

        return TrafficPolicy.Parse(json.ToJsonString());
    }

    private static void Merge(JsonObject into, JsonObject change)
    {
        foreach (var (key, value) in change)
        {
            if (into[key] is JsonObject below && value is JsonObject above)
            {
                Merge(below, above);
            }
            else if (key is "drained" or "tighten" or "bypass" && into[key] is JsonArray known && value is JsonArray more)
            {
                foreach (var next in more.Where(m => !known.Any(k => JsonNode.DeepEquals(k, m))).ToList())
                {
                    known.Add(next!.DeepClone());
                }
            }
            else
            {
                into[key] = value?.DeepClone();
            }
        }
    }
}
