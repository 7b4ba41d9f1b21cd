using System.Diagnostics;
using Backstop.Control.Api;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Access;

/// <summary>Keys: make, list, rotate, revoke.</summary>
internal static class KeyEndpoints
{
    private const long UsualOverlapSeconds = 24 * 3600;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/keys", Create).Needs(Scope.Admin, Reach.Everything);
        api.MapGet("/keys", async (KeyStore keys) => ApiJson.Ok((await keys.All()).ConvertAll(KeyView.Of))).Needs(Scope.Admin, Reach.Everything);
        api.MapPost("/keys/{key}/rotate", Rotate).Needs(Scope.Admin, Reach.Everything);
        api.MapPost("/keys/{key}/revoke", Revoke).Needs(Scope.Admin, Reach.Everything);
    }

    private static async Task<IResult> Create(Body<KeyRequest> request, HttpContext context, KeyStore keys, Doorkeeper door, TimeProvider clock)
    {
        var body = await request.Read();
        var wanted = NewKey.Read(body.Name, body.Scopes, body.Aliases, body.ExpiresInSeconds, clock.GetUtcNow());
        return await Answer(await keys.Create(wanted, Caller.Of(context)), door);
    }

    private static async Task<IResult> Rotate(string key, Body<RotateRequest> request, HttpContext context, KeyStore keys, Doorkeeper door)
    {
        var body = await request.Read();
        var overlap = NewKey.Seconds(body.OverlapSeconds ?? UsualOverlapSeconds, "overlap_seconds", least: 0);
        return await Answer(await keys.Rotate(key, overlap, Caller.Of(context)), door);
    }

    private static async Task<IResult> Revoke(string key, Body<RevokeRequest> request, HttpContext context, KeyStore keys, Doorkeeper door)
    {
        var body = await request.Read();
        return await Answer(await keys.Revoke(key, AliasEndpoints.Reason(body.Reason), Caller.Of(context)), door);
    }

    // Whoever is told that a key is revoked must be able to rely on it, so what counts here is read again first.
    private static async Task<IResult> Answer(KeyResult result, Doorkeeper door)
    {
        await door.Refresh();
        return result switch
        {
            KeyResult.Made made => ApiJson.Ok(new NewKeyView(made.Text, KeyView.Of(made.Key)), StatusCodes.Status201Created),
            KeyResult.Changed changed => ApiJson.Ok(KeyView.Of(changed.Key)),
            KeyResult.Missing missing => throw RefusedException.Missing($"No key '{missing.Name}' works now. List them with GET /api/v1/keys."),
            KeyResult.Refused refused => throw RefusedException.Conflict(refused.Reason),
            _ => throw new UnreachableException(),
        };
    }

    private sealed record KeyRequest(string Name, string[] Scopes, string[]? Aliases = null, long? ExpiresInSeconds = null);

    private sealed record RotateRequest(long? OverlapSeconds = null);

    private sealed record RevokeRequest(string Reason);
}
