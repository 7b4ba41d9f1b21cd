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
        api.MapGet("/gateways", async (GatewayRoster roster, FleetHub fleet) => ApiJson.Ok(
            (await roster.Load()).ConvertAll(g => new KnownGateway(g.Id, g.Zone, fleet.IsConnected(g.Id), g.SeenAt, g.LeftAt))))
            .Needs(Scope.Read, Reach.Everything);
        api.MapPost("/gateways/{gateway}/forget", Forget).Needs(Scope.Operate, Reach.Everything);
    }

    private static async Task<IResult> Forget(string gateway, HttpContext context, GatewayRoster roster, FleetHub fleet)
    {
        var body = await StrictBody.Read<ForgetRequest>(context);
        var reason = AliasEndpoints.Reason(body.Reason);
        if (fleet.IsConnected(gateway))
        {
            throw RefusedException.Conflict($"Gateway '{gateway}' is connected, so it is not gone. Stop it first.");
        }

        if (!await roster.Forget(gateway, reason, Caller.Of(context)))
        {
            throw RefusedException.Missing($"No gateway '{gateway}' is known. List them with GET /api/v1/gateways.");
        }

        fleet.Forget(gateway);
        return ApiJson.Ok(new { gateway, reason });
    }

    private sealed record ForgetRequest(string Reason);
}

/// <summary>A gateway as it is answered.</summary>
/// <param name="SeenAt">When it connected last.</param>
/// <param name="LeftAt">Since when it is away; null while it is connected, and when nobody saw it leave.</param>
public sealed record KnownGateway(string Id, string Zone, bool Connected, DateTimeOffset SeenAt, DateTimeOffset? LeftAt);
