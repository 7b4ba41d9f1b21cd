using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>Rollouts: submit, read, abort.</summary>
internal static class RolloutEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/aliases/{name}/rollouts", Submit);
        api.MapGet("/rollouts/{id}", async (string id, AliasQueries queries) => ApiJson.Ok(await View(queries, id)));
        api.MapPost("/rollouts/{id}/abort", Abort);
    }

    private static async Task<RolloutView> View(AliasQueries queries, string id) =>
        await queries.Rollout(id) ?? throw RefusedException.Missing($"There is no rollout '{id}'.");

    private static async Task<IResult> Submit(string name, HttpContext context, ReleaseStore releases, AliasQueries queries, IGrainFactory grains)
    {
        var body = await StrictBody.Read<NewRollout>(context);
        await AliasEndpoints.View(queries, name);
        var release = await ReleaseEndpoints.Find(releases, body.Release);
        var reply = await grains.GetGrain<IAliasGrain>(name).Submit(
            release.Release.Digest,
            StoreJson.Write((body.Plan ?? new()).ToPlan()),
            StoreJson.Write((body.Evidence ?? new()).ToPlan()),
            Caller.Of(context));
        AliasEndpoints.Check(reply);
        return ApiJson.Ok(await View(queries, reply.Text), StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> Abort(string id, HttpContext context, AliasQueries queries, IGrainFactory grains)
    {
        var body = await StrictBody.Read<AbortRequest>(context);
        var rollout = await View(queries, id);
        AliasEndpoints.Check(await grains.GetGrain<IAliasGrain>(rollout.Alias).Abort(id, body.Reason, Caller.Of(context)));
        return ApiJson.Ok(await View(queries, id));
    }

    private sealed record NewRollout(string Release, PlanRequest? Plan = null, EvidenceRequest? Evidence = null);

    private sealed record AbortRequest(string Reason);
}
