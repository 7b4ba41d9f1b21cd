using Backstop.Control.Access;
using Backstop.Control.Fleet;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>Gateways: those that are connected, those that are away, and those that are gone for good.</summary>
internal static class GatewayEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/gateways", async (string? after, int? limit, HttpContext context, GatewayRoster roster, FleetHub fleet) => ApiJson.Ok(PageLink.Of(
            context,
            (await roster.Load()).Select(g => new KnownGateway(g.Id, g.Zone, fleet.IsConnected(g.Id), g.SeenAt, g.LeftAt)).OrderBy(g => g.Id, StringComparer.Ordinal),
            g => g.Id,
            after,
            limit)))
            .WithSummary("List the gateways: connected, away, and gone for good.").Needs(Scope.Read, Reach.Everything);
        api.MapPost("/gateways/{gateway}/forget", Forget).WithSummary("Say that a gateway is gone for good: nobody waits for it any more.").Needs(Scope.Operate, Reach.Everything);
    }

    private static async Task<Answer<Forgotten>> Forget(string gateway, Body<ForgetRequest> request, HttpContext context, GatewayRoster roster, FleetHub fleet)
    {
        var body = await request.Read();
        var reason = AliasEndpoints.Reason(body.Reason);
        if (fleet.IsConnected(gateway))
        {
            throw RefusedException.Conflict($"Gateway '{gateway}' is connected, so it is not gone. Stop it first.");
        }

        if (!await roster.Forget(gateway, reason, Caller.Of(context)))
        {
            throw RefusedException.Missing($"No gateway '{gateway}' is known. List them with GET /api/v1/gateways.");
        }

        fleet.Recall(await roster.Load());
        return ApiJson.Ok(new Forgotten(gateway, reason));
    }

    private sealed record ForgetRequest(string Reason);

    private sealed record Forgotten(string Gateway, string Reason);
}

/// <summary>A gateway as it is answered.</summary>
/// <param name="SeenAt">When it connected last.</param>
/// <param name="LeftAt">Since when it is away; null while it is connected, and when nobody saw it leave.</param>
public sealed record KnownGateway(string Id, string Zone, bool Connected, DateTimeOffset SeenAt, DateTimeOffset? LeftAt);
