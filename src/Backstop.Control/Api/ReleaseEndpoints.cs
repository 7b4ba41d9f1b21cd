using System.Text.Json;
using Backstop.Control.Access;
using Backstop.Control.Registry;
using Backstop.Core.Access;
using Backstop.Core.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>Releases: register, read, compare.</summary>
internal static class ReleaseEndpoints
{
    private const int LongestPage = 1000;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/releases", Register).Answers(StatusCodes.Status201Created).WithSummary("Register a release. It never changes.").Needs(Scope.Write);
        api.MapGet("/releases", List).WithSummary("List the releases, oldest first.").Needs(Scope.Read);
        api.MapGet("/releases/{name}", async (string name, ReleaseStore releases) => ApiJson.Ok(View(await Find(releases, name), whole: true)))
            .WithSummary("Show a release by its name or digest.").Needs(Scope.Read);
        api.MapGet("/releases/{before}/diff/{after}", Diff).WithSummary("Name every difference between two releases.").Needs(Scope.Read);
    }

    /// <summary>The release of a name or digest.</summary>
    /// <exception cref="RefusedException">There is none.</exception>
    public static async Task<RegisteredRelease> Find(ReleaseStore releases, string name) =>
        await releases.Find(name) ?? throw RefusedException.Missing($"There is no release '{name}'. Register it first, or list them with GET /api/v1/releases.");

    private static async Task<Answer<List<ReleaseView>>> List(string? after, int? limit, HttpContext context, ReleaseStore releases)
    {
        var most = Math.Clamp(limit ?? LongestPage, 1, LongestPage);
        var page = await releases.Page(after, most) ?? throw RefusedException.Invalid($"'after' is '{after}', which is no release: give the name of the last one you have.");
        PageLink.Add(context, page.Count, most, page.LastOrDefault()?.Name);
        return ApiJson.Ok(page.ConvertAll(r => new ReleaseView(r.Name, r.Digest, r.CreatedAt, Manifest: null)));
    }

    private static async Task<Answer<ReleaseView>> Register(
        Body<NewRelease> request, HttpContext context, ReleaseStore releases, ComponentStore components)
    {
        var body = await request.Read();
        var release = await ReleaseDoor.Admit(body.Name, body.Manifest, components);
        return await releases.Register(release, Caller.Of(context)) switch
        {
            RegisterResult.Registered registered => ApiJson.Ok(View(registered.Release), StatusCodes.Status201Created),
            RegisterResult.Known known => ApiJson.Ok(View(known.Release)),
            RegisterResult.NameTaken taken => throw RefusedException.Conflict(
                $"'{body.Name}' is another release already ({taken.Digest}); releases never change. Choose a new name."),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private static async Task<Answer<DiffView>> Diff(string before, string after, ReleaseStore releases)
    {
        var (a, b) = ((await Find(releases, before)).Release, (await Find(releases, after)).Release);
        return ApiJson.Ok(new DiffView(
            ReleaseDiff.Components(a, b),
            [.. ReleaseDiff.Between(a, b).Select(DifferenceView.Of)]));
    }

    private static ReleaseView View(RegisteredRelease registered, bool whole = false) => new(
        registered.Release.Name,
        registered.Release.Digest,
        registered.CreatedAt,
        whole ? JsonElement.Parse(registered.Release.Manifest) : null);

    private sealed record NewRelease(string Name, JsonElement Manifest);
}
