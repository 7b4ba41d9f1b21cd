using System.Collections.Immutable;
using Backstop.Control.Access;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Backstop.Core.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>Which releases an alias keeps warm beside current and previous, and where.</summary>
internal static class WarmSetEndpoints
{
    private const int MostKept = 20;
    private const int MostAddresses = 20;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/aliases/{name}/warm-set", Set).KnowsIfMatch().WithSummary("Say which releases stay warm beside current and previous.").NeedsOnAlias(Scope.Operate);

    private static async Task<Answer<AliasView>> Set(string name, Body<WarmSetRequest> request, HttpContext context, ReleaseStore releases, AliasQueries queries, IGrainFactory grains)
    {
        var body = await request.Read();
        await AliasEndpoints.View(queries, name);
        if (body.Keep.Length > MostKept)
        {
            throw RefusedException.Invalid($"'keep' has {body.Keep.Length} releases: at most {MostKept} are possible.");
        }

        var keep = ImmutableArray.CreateBuilder<KeptWarm>();
        foreach (var kept in body.Keep)
        {
            keep.Add(Kept((await ReleaseEndpoints.Find(releases, kept.Release)).Release, kept.At ?? []));
        }

        AliasAmendment change = new AliasAmendment.KeepWarm(keep.ToImmutable());
        AliasEndpoints.Check(await grains.GetGrain<IAliasGrain>(name).Amend(StoreJson.Write(change), AliasEndpoints.Reason(body.Reason), Caller.Of(context)));
        return ApiJson.Ok(await AliasEndpoints.View(queries, name));
    }

    private static KeptWarm Kept(Release release, string[] at)
    {
        var kept = new KeptWarm(release.Digest, [.. at]);
        return at.Length > MostAddresses ? throw RefusedException.Invalid($"'at' has {at.Length} addresses: at most {MostAddresses} are possible.")
            : kept.Replicas(release.Serving).Any() ? kept
            : throw RefusedException.Invalid($"{release.Name} has no replica at {string.Join(", ", at)}; it has {string.Join(", ", release.Serving.Replicas)}.");
    }

    private sealed record WarmSetRequest(KeptRequest[] Keep, string Reason);

    private sealed record KeptRequest(string Release, string[]? At = null);
}

/// <summary>A release that is kept warm.</summary>
/// <param name="At">At which of its replicas; empty for all.</param>
/// <param name="AskedAt">When it was asked for an answer last; null before that.</param>
/// <param name="Failed">Which replica gave none, or null.</param>
public sealed record KeptView(string Release, ImmutableArray<string> At, DateTimeOffset? AskedAt, string? Failed);
