using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Control.Access;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Backstop.Core.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>The traffic policy of an alias: people write names of releases, gateways get digests.</summary>
internal static class TrafficEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/aliases/{name}/traffic", async (string name, AliasStore aliases, ReleaseStore releases) =>
            ApiJson.Ok(await View(name, aliases, releases))).WithSummary("Show the traffic policy of an alias.").NeedsOnAlias(Scope.Read);
        api.MapPost("/aliases/{name}/traffic", Shape).KnowsIfMatch().WithSummary("Replace the traffic policy of an alias.").NeedsOnAlias(Scope.Operate);
    }

    private static async Task<Answer<TrafficView>> Shape(
        string name, Body<ShapeRequest> request, HttpContext context, AliasStore aliases, ReleaseStore releases, IGrainFactory grains)
    {
        var body = await request.Read();
        await View(name, aliases, releases);
        var policy = Check(body.Policy.GetRawText());
        var json = JsonNode.Parse(policy.Json)!;
        if (json["inputs"] is null && (await aliases.Find(name))!.Traffic.Inputs is { AsksNothing: false } inputs)
        {
            // Rules that were learnt from incidents do not get lost with a file that was written before them.
            json["inputs"] = inputs.ToJson();
        }

        foreach (var place in PlacesOfReleases(json))
        {
            place["release"] = (await ReleaseEndpoints.Find(releases, (string)place["release"]!)).Release.Digest;
        }

        var change = StoreJson.Write<AliasAmendment>(new AliasAmendment.Shape(TrafficPolicy.Parse(json.ToJsonString())));
        AliasEndpoints.Check(await grains.GetGrain<IAliasGrain>(name).Amend(change, AliasEndpoints.Reason(body.Reason), Caller.Of(context)));
        return ApiJson.Ok(await View(name, aliases, releases));
    }

    private static TrafficPolicy Check(string policy)
    {
        try
        {
            return TrafficPolicy.Parse(policy);
        }
        catch (TrafficPolicyException e)
        {
            throw RefusedException.Invalid(e.Message);
        }
    }

    private static async Task<TrafficView> View(string name, AliasStore aliases, ReleaseStore releases)
    {
        var alias = await aliases.Find(name) ?? throw RefusedException.Missing($"There is no alias '{name}'. List them with GET /api/v1/aliases.");
        var json = JsonNode.Parse(alias.Traffic.Json)!;
        foreach (var place in PlacesOfReleases(json))
        {
            place["release"] = (await releases.Get((string)place["release"]!)).Name;
        }

        return new(alias.Generation, json.Deserialize<JsonElement>()) { Epoch = alias.Epoch };
    }

    // Where TrafficPolicy.Releases() come from, in the document.
    private static IEnumerable<JsonObject> PlacesOfReleases(JsonNode policy) => (policy["fallback"] as JsonArray ?? [])
        .Concat(policy["variants"] as JsonArray ?? [])
        .Append(policy["shadow"])
        .OfType<JsonObject>()
        .Where(place => place.ContainsKey("release"));

    private sealed record ShapeRequest(JsonElement Policy, string Reason);

    private sealed record TrafficView(long Generation, JsonElement Policy) : ITagged
    {
        internal long Epoch { get; init; }

        string ITagged.Tag => StateTag.Of(Epoch, Generation);
    }
}
