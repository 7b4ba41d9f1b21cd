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
        api.MapPost("/keys", Create).ShowsSecret().Answers(StatusCodes.Status201Created).WithSummary("Make a key. Its text is in this answer and never again.").Needs(Scope.Admin, Reach.Everything);
        api.MapGet("/keys", async (string? after, int? limit, HttpContext context, KeyStore keys) =>
            ApiJson.Ok(PageLink.Of(context, (await keys.All()).Select(KeyView.Of), key => key.Prefix, after, limit))).WithSummary("List the keys, without their secrets.").Needs(Scope.Admin, Reach.Everything);
        api.MapPost("/keys/{key}/rotate", Rotate).ShowsSecret().Answers(StatusCodes.Status201Created).WithSummary("Put a new key beside one that ends soon.").Needs(Scope.Admin, Reach.Everything);
        api.MapPost("/keys/{key}/revoke", Revoke).WithSummary("End a key at once.").Needs(Scope.Admin, Reach.Everything);
    }

    private static async Task<Answer<NewKeyView>> Create(Body<KeyRequest> request, HttpContext context, KeyStore keys, Doorkeeper door, TimeProvider clock)
    {
        var body = await request.Read();
        var wanted = NewKey.Read(body.Name, body.Scopes, body.Aliases, body.ExpiresInSeconds, clock.GetUtcNow());
        return await Shown(await keys.Create(wanted, Caller.Of(context)), door);
    }

    private static async Task<Answer<NewKeyView>> Rotate(string key, Body<RotateRequest> request, HttpContext context, KeyStore keys, Doorkeeper door)
    {
        var body = await request.Read();
        var overlap = NewKey.Seconds(body.OverlapSeconds ?? UsualOverlapSeconds, "overlap_seconds", least: 0);
        return await Shown(await keys.Rotate(key, overlap, Caller.Of(context)), door);
    }

    private static async Task<Answer<KeyView>> Revoke(string key, Body<RevokeRequest> request, HttpContext context, KeyStore keys, Doorkeeper door)
    {
        var body = await request.Read();
        var result = await Settled(await keys.Revoke(key, AliasEndpoints.Reason(body.Reason), Caller.Of(context)), door);
        return ApiJson.Ok(KeyView.Of(((KeyResult.Changed)result).Key));
    }

    // Whoever is told that a key is revoked must be able to rely on it, so what counts here is read again first.
    private static async Task<KeyResult> Settled(KeyResult result, Doorkeeper door)
    {
        await door.Refresh();
        return result switch
        {
            KeyResult.Missing missing => throw RefusedException.Missing($"No key '{missing.Name}' works now. List them with GET /api/v1/keys."),
            KeyResult.Refused refused => throw RefusedException.Conflict(refused.Reason),
            _ => result,
        };
    }

    private static async Task<Answer<NewKeyView>> Shown(KeyResult result, Doorkeeper door)
    {
        var made = (KeyResult.Made)await Settled(result, door);
        return ApiJson.Ok(new NewKeyView(made.Text, KeyView.Of(made.Key)), StatusCodes.Status201Created);
    }

    private sealed record KeyRequest(string Name, string[] Scopes, string[]? Aliases = null, long? ExpiresInSeconds = null);

    private sealed record RotateRequest(long? OverlapSeconds = null);

    private sealed record RevokeRequest(string Reason);
}
