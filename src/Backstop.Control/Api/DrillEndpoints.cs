using Backstop.Control.Access;
using Backstop.Control.Rollouts;
using Backstop.Core.Access;
using Backstop.Core.Rollouts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Control.Api;

/// <summary>Drills: start one, see the last one.</summary>
internal static class DrillEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/aliases/{name}/drills", Start).Answers(StatusCodes.Status202Accepted).KnowsIfMatch().WithSummary("Begin to rehearse a rollback on real traffic.").NeedsOnAlias(Scope.Operate);
        api.MapGet("/aliases/{name}/drill", async (string name, AliasQueries queries) => ApiJson.Ok(await Last(queries, name)))
            .WithSummary("Show the last drill of an alias.").NeedsOnAlias(Scope.Read);
    }

    private static async Task<DrillView> Last(AliasQueries queries, string name) => (await AliasEndpoints.View(queries, name)).Drill
        ?? throw RefusedException.Missing($"There was no drill of '{name}' yet. Begin one with 'backstop drill {name}'.");

    private static async Task<Answer<DrillView>> Start(
        string name, Body<NewDrill> request, HttpContext context, AliasQueries queries, RolloutEffects effects, IGrainFactory grains, TimeProvider clock)
    {
        var body = await request.Read();
        var alias = await AliasEndpoints.View(queries, name);
        var share = body.BasisPoints ?? Route.Whole;
        if (share is < 1 or > Route.Whole)
        {
            throw RefusedException.Invalid($"'basis_points' is {share}: use 1 to {Route.Whole} (100 basis points are 1 %).");
        }

        if (alias.Previous is not { } previous)
        {
            throw RefusedException.Conflict($"{name} has no previous release: there is no way back that could be rehearsed.");
        }

        // The part of a rollback that is paid for in advance: a cold release would make it minutes.
        var began = clock.GetTimestamp();
        if (await effects.ProbeWarmth(previous.Digest) is { } cold)
        {
            throw RefusedException.Conflict($"{name} could not be rolled back now: {cold}.");
        }

        var warm = clock.GetElapsedTime(began);
        AliasEndpoints.Check(await grains.GetGrain<IAliasGrain>(name).StartDrill(share, warm, AliasEndpoints.Reason(body.Reason), Caller.Of(context)));
        return ApiJson.Ok(await Last(queries, name), StatusCodes.Status202Accepted);
    }

    private sealed record NewDrill(string Reason, int? BasisPoints = null);
}

/// <summary>A drill as it is answered; times in milliseconds.</summary>
public sealed record DrillView(
    string Id,
    string Phase,
    bool Passed,
    string? Failed,
    int BasisPoints,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    double? WarmMs,
    DrillSegmentsView Away,
    DrillSegmentsView Back)
{
    internal static DrillView Of(Drill drill, string phase) => new(
        drill.Id, phase, drill.Passed, drill.Failed, drill.BasisPoints, drill.StartedAt, drill.EndedAt, drill.Warm?.TotalMilliseconds,
        DrillSegmentsView.Of(drill.Away), DrillSegmentsView.Of(drill.Back));
}

/// <summary>What one swap of a drill took, from the decision on, in milliseconds.</summary>
public sealed record DrillSegmentsView(double? CommittedMs, double? ConvergedMs, double? ObservedMs)
{
    internal static DrillSegmentsView Of(DrillSegments segments) =>
        new(segments.Committed?.TotalMilliseconds, segments.Converged?.TotalMilliseconds, segments.Observed?.TotalMilliseconds);
}
