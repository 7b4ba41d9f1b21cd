using System.Globalization;
using System.Text.Json;
using Backstop.Control.Access;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Backstop.Core.Guards;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>What is done on the live route besides a rollback, each for a time only.</summary>
internal static class MitigationEndpoints
{
    private const long LongestMs = 7L * 24 * 3600 * 1000;
    private const int MostReplicas = 20;
    private const int MostIndexes = 20;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/aliases/{name}/mitigations", Begin).KnowsIfMatch().WithSummary("Limit, replace or drain what serves an alias, tighten its ring or bypass its retrieval, for a time.").NeedsOnAlias(Scope.Operate);
        api.MapPost("/aliases/{name}/mitigations/{id}/lift", Lift).KnowsIfMatch().WithSummary("End a mitigation before its time.").NeedsOnAlias(Scope.Operate);
    }

    private static async Task<Answer<AliasView>> Begin(
        string name, Body<NewMitigation> request, HttpContext context, ReleaseStore releases, AliasStore aliases, AliasQueries queries, IGrainFactory grains)
    {
        var body = await request.Read();
        var alias = await AliasEndpoints.View(queries, name);
        if (body.ForMs is < 1 or > LongestMs)
        {
            throw RefusedException.Invalid($"'for_ms' is {body.ForMs}: a mitigation lasts 1 to {LongestMs} milliseconds and then ends by itself.");
        }

        var (policy, words) = await Policy(body, alias, releases, aliases);
        return await Amend(name, new AliasAmendment.Mitigate($"m{Guid.CreateVersion7():N}", body.Kind, policy, words, TimeSpan.FromMilliseconds(body.ForMs)), body.Reason, context, queries, grains);
    }

    private static async Task<Answer<AliasView>> Lift(string name, string id, Body<LiftRequest> request, HttpContext context, AliasQueries queries, IGrainFactory grains)
    {
        var body = await request.Read();
        await AliasEndpoints.View(queries, name);
        return await Amend(name, new AliasAmendment.Lift(id), body.Reason, context, queries, grains);
    }

    private static async Task<Answer<AliasView>> Amend(
        string name, AliasAmendment change, string reason, HttpContext context, AliasQueries queries, IGrainFactory grains)
    {
        AliasEndpoints.Check(await grains.GetGrain<IAliasGrain>(name).Amend(StoreJson.Write(change), AliasEndpoints.Reason(reason), Caller.Of(context)));
        return ApiJson.Ok(await AliasEndpoints.View(queries, name));
    }

    private static async Task<(string Policy, string Words)> Policy(NewMitigation body, AliasView alias, ReleaseStore releases, AliasStore aliases)
    {
        switch (body.Kind)
        {
            case OverlayKind.Limit:
                return body.RequestsPerSecond is >= 0 and <= 1_000_000
                    ? (Overlay.Limit(body.RequestsPerSecond.Value), string.Create(CultureInfo.InvariantCulture, $"at most {body.RequestsPerSecond:0.###} requests a second at a gateway"))
                    : throw RefusedException.Invalid($"'requests_per_second' is {body.RequestsPerSecond}: a limit takes 0 to 1000000 requests a second.");
            case OverlayKind.Fallback:
                var release = await ReleaseEndpoints.Find(releases, body.Release ?? throw RefusedException.Invalid("'release' is missing: name the release that answers instead."));
                return (Overlay.Fallback(release.Release.Digest), $"{release.Release.Name} answers instead of the current release");
            case OverlayKind.Tighten:
                return Tighten(body, await releases.Get(alias.Current.Digest));
            case OverlayKind.Bypass:
                return body.Indexes is { Length: > 0 and <= MostIndexes } indexes
                    ? Checked(Overlay.Bypass(indexes), $"no retrieved documents{(indexes.Contains("*") ? "" : $" of {string.Join(", ", indexes)}")}")
                    : throw RefusedException.Invalid($"'indexes' must name 1 to {MostIndexes} indexes; one that ends in '*' stands for all that begin so, and '*' for all.");
            case OverlayKind.Judging:
                return (
                    Overlay.Judging((await aliases.Find(alias.Name))!.Traffic) ?? throw RefusedException.Conflict($"{alias.Name} has no judge: 'signals' of its traffic policy would name one."),
                    "every answer of candidate and holdback is judged");
            default:
                return body.Replicas is { Length: > 0 and <= MostReplicas } replicas && replicas.All(r => r.Length is > 0 and <= 500)
                    ? (Overlay.Drain(replicas), $"no requests to {string.Join(", ", replicas)}")
                    : throw RefusedException.Invalid($"'replicas' must name 1 to {MostReplicas} addresses; one that ends in '*' stands for all that begin so.");
        }
    }

    private static (string Policy, string Words) Tighten(NewMitigation body, Release current)
    {
        var change = Overlay.Tighten((body.Stages ?? throw RefusedException.Invalid("'stages' is missing: write the checks as in a guard policy.")).GetRawText());
        var tightening = Read(change).Tightening!;
        return tightening.AddsTo(current.GuardPolicy is { } policy ? GuardPolicy.Parse(policy) : GuardPolicy.Default)
            ? (change, $"beside each release's own checks, {string.Join("; ", tightening.InWords())}")
            : throw RefusedException.Invalid($"'stages' holds nothing that {current.Name} does not do by itself: lower the threshold, raise the action, or name another check.");
    }

    private static (string Policy, string Words) Checked(string policy, string words)
    {
        Read(policy);
        return (policy, words);
    }

    private static TrafficPolicy Read(string policy)
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

    private sealed record NewMitigation(
        OverlayKind Kind, long ForMs, string Reason, double? RequestsPerSecond = null, string? Release = null, string[]? Replicas = null, JsonElement? Stages = null, string[]? Indexes = null);

    private sealed record LiftRequest(string Reason);
}

/// <summary>A mitigation as it is answered.</summary>
public sealed record MitigationView(string Id, string Kind, string Words, string By, string Reason, DateTimeOffset At, DateTimeOffset Until)
{
    internal static MitigationView Of(Overlay m) => new(m.Id, m.Kind.ToString().ToLowerInvariant(), m.Words, m.By, m.Reason, m.At, m.Until);
}
