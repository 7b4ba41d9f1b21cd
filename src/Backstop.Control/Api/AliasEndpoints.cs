using System.Globalization;
using Backstop.Control.Access;
using Backstop.Control.Fleet;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Backstop.Core.Registry;
using Backstop.Core.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>Aliases: create, read, swap, take back.</summary>
internal static class AliasEndpoints
{
    private const int LongestHistory = 1000;
    private static readonly TimeSpan UsualLease = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan UsualLabelDeadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestLease = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/aliases", Create).Answers(StatusCodes.Status201Created).WithSummary("Create an alias.").Needs(Scope.Write);
        api.MapGet("/aliases", async (string? after, int? limit, HttpContext context, AliasQueries queries) => ApiJson.Ok(await PageLink.Seen(
            context,
            queries.Page,
            alias => (alias.Name, alias.Name),
            after is null ? null : await queries.Alias(after) ?? throw PageLink.Unknown(after),
            limit))).WithSummary("List the aliases that the key reaches.").Needs(Scope.Read);
        api.MapGet("/aliases/{name}", async (string name, AliasQueries queries) => ApiJson.Ok(await View(queries, name)))
            .WithSummary("Show an alias: what it serves, its rollout and its gateways.").NeedsOnAlias(Scope.Read);
        api.MapGet("/aliases/{name}/at/{time}", At).WithSummary("Tell what an alias served at a moment, and why.").NeedsOnAlias(Scope.Read);
        api.MapGet("/aliases/{name}/self-comparison", async (string name, AliasQueries queries) =>
        {
            await View(queries, name);
            return ApiJson.Ok(await queries.SelfComparison(name));
        }).WithSummary("Tell how often the monitors fired when the baseline was compared with itself.").NeedsOnAlias(Scope.Read);
        api.MapGet("/aliases/{name}/drift", async (string name, AliasQueries queries) =>
        {
            await View(queries, name);
            return ApiJson.Ok(await queries.Drift(name));
        }).WithSummary("Tell how what requests bring with them has drifted from how it was.").NeedsOnAlias(Scope.Read);
        api.MapGet("/aliases/{name}/history", async (string name, long? after, int? limit, HttpContext context, AliasQueries queries) =>
        {
            await View(queries, name);
            var most = Math.Clamp(limit ?? LongestHistory, 1, LongestHistory);
            var entries = await queries.Journal(after ?? 0, most, name);
            PageLink.Add(context, entries.Count, most, entries.LastOrDefault()?.Sequence.ToString(CultureInfo.InvariantCulture));
            return ApiJson.Ok(entries);
        }).WithSummary("List what was decided about an alias, oldest first.").NeedsOnAlias(Scope.Read);
        api.MapPost("/aliases/{name}/swap", Swap).KnowsIfMatch().WithSummary("Point an alias to another release at once, if nobody moved it first.").NeedsOnAlias(Scope.Operate);
        api.MapPost("/aliases/{name}/rollback", Rollback).KnowsIfMatch().WithSummary("Take an alias back to its previous release and quarantine the present one.").NeedsOnAlias(Scope.Operate);
        api.MapPost("/aliases/{name}/approve", Approve).KnowsIfMatch().WithSummary("Lift the quarantine of a release.").NeedsOnAlias(Scope.Operate);
    }

    /// <summary>The alias as it is now.</summary>
    /// <exception cref="RefusedException">There is none of this name.</exception>
    public static async Task<AliasView> View(AliasQueries queries, string name) =>
        await queries.Alias(name) ?? throw RefusedException.Missing($"There is no alias '{name}'. List them with GET /api/v1/aliases.");

    /// <summary>An alias that serves a release, with what it is unless somebody says otherwise.</summary>
    public static AliasRecord NewRecord(string name, string digest) => new()
    {
        Name = name,
        Current = digest,
        Salt = Guid.CreateVersion7().ToString("N"),
        CandidateLease = UsualLease,
        LabelDeadline = UsualLabelDeadline,
    };

    /// <summary>A refusal of an alias as a problem.</summary>
    public static void Check(AliasReply reply)
    {
        if (reply.Outcome != AliasOutcome.Done)
        {
            var problem = reply.Outcome is AliasOutcome.Moved
                ? new RefusedException(StatusCodes.Status412PreconditionFailed, "Precondition failed", reply.Text)
                : RefusedException.Conflict(reply.Text);
            problem.Facts["generation"] = reply.Generation;
            throw problem;
        }
    }

    private static async Task<Answer<AliasAtView>> At(string name, string time, AliasTime aliases)
    {
        // Without a zone it would mean the server's, which nobody knows.
        if (!time.EndsWith('Z') && !(time.LastIndexOfAny(['+', '-']) > time.IndexOf('T', StringComparison.Ordinal) && time.Contains('T', StringComparison.Ordinal)))
        {
            throw RefusedException.Invalid($"'{time}' has no zone: write a time such as 2026-11-27T03:12:00Z.");
        }

        return DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment)
            ? ApiJson.Ok(await aliases.At(name, moment) ?? throw RefusedException.Missing($"There was no alias '{name}' at {moment.ToUniversalTime():u}."))
            : throw RefusedException.Invalid($"'{time}' is not a time: write one such as 2026-11-27T03:12:00Z.");
    }

    private static async Task<Answer<AliasView>> Create(
        Body<NewAlias> request, HttpContext context, AliasStore aliases, ReleaseStore releases, Publisher publisher, AliasQueries queries)
    {
        var body = await request.Read();
        if (!Names.IsAlias(body.Name))
        {
            throw RefusedException.Invalid($"'{body.Name}' is not an alias: write two names joined by a colon, such as 'assistant:prod'.");
        }

        Caller.MustReach(context, Scope.Write, body.Name);
        var lease = Milliseconds(body.CandidateLeaseMs, nameof(body.CandidateLeaseMs), ShortestLease) ?? UsualLease;
        var release = await ReleaseEndpoints.Find(releases, body.Release);
        var alias = NewRecord(body.Name, release.Release.Digest) with
        {
            CaptureSamples = body.CaptureSamples ?? false,
            CandidateLease = lease,
            LabelDeadline = Milliseconds(body.LabelDeadlineMs, nameof(body.LabelDeadlineMs), TimeSpan.Zero) ?? UsualLabelDeadline,
        };
        var draft = new JournalDraft("alias_created", Caller.Of(context), $"created on {release.Release.Name}");
        if (await aliases.Create(alias, draft) is CommitResult.Stale)
        {
            throw RefusedException.Conflict($"There is an alias '{body.Name}' already; swap it instead.");
        }

        await publisher.Publish(alias);
        return ApiJson.Ok(await View(queries, alias.Name), StatusCodes.Status201Created);
    }

    private static async Task<Answer<AliasView>> Swap(
        string name, Body<SwapRequest> request, HttpContext context, ReleaseStore releases, AliasQueries queries, RolloutEffects effects, IGrainFactory grains)
    {
        var body = await request.Read();
        await View(queries, name);
        var release = await ReleaseEndpoints.Find(releases, body.Release);
        if (release.Release.Serving.Engine?.RestAfter is not null)
        {
            await effects.ProbeWarmth(release.Release.Digest); // It may rest. Whatever comes of it, a person's word then holds.
        }

        Check(await grains.GetGrain<IAliasGrain>(name)
            .Swap(
                release.Release.Digest,
                body.ExpectedGeneration,
                PlanRequest.Reason(body.NoWayBack, "no_way_back"),
                PlanRequest.Reason(body.WithoutGates, "without_gates"),
                Reason(body.Reason),
                Caller.Of(context)));
        return ApiJson.Ok(await View(queries, name));
    }

    private static async Task<Answer<AliasView>> Rollback(string name, Body<ReasonRequest> request, HttpContext context, AliasQueries queries, IGrainFactory grains)
    {
        var body = await request.Read();
        await View(queries, name);
        Check(await grains.GetGrain<IAliasGrain>(name).Rollback(Reason(body.Reason), Caller.Of(context)));
        return ApiJson.Ok(await View(queries, name));
    }

    private static async Task<Answer<AliasView>> Approve(
        string name, Body<ApproveRequest> request, HttpContext context, ReleaseStore releases, AliasQueries queries, IGrainFactory grains)
    {
        var body = await request.Read();
        await View(queries, name);
        var release = await ReleaseEndpoints.Find(releases, body.Release);
        Check(await grains.GetGrain<IAliasGrain>(name)
            .Amend(StoreJson.Write<AliasAmendment>(new AliasAmendment.Approve(release.Release.Digest)), Reason(body.Reason), Caller.Of(context)));
        return ApiJson.Ok(await View(queries, name));
    }

    /// <summary>A reason that can stand in the journal.</summary>
    /// <exception cref="RefusedException">It is empty or too long.</exception>
    public static string Reason(string reason) => reason.Trim() is { Length: > 0 and <= 1000 } given
        ? given
        : throw RefusedException.Invalid("'reason' must say why in 1 to 1000 characters; it is kept in the journal.");

    private static TimeSpan? Milliseconds(long? value, string key, TimeSpan least)
    {
        var name = System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(key);
        return value is null || (value >= least.TotalMilliseconds && value <= LongestWait.TotalMilliseconds)
            ? value is { } ms ? TimeSpan.FromMilliseconds(ms) : null
            : throw RefusedException.Invalid($"'{name}' is {value}: use {least.TotalMilliseconds:0} to {LongestWait.TotalMilliseconds:0} milliseconds.");
    }

    private sealed record NewAlias(string Name, string Release, bool? CaptureSamples = null, long? LabelDeadlineMs = null, long? CandidateLeaseMs = null);

    private sealed record SwapRequest(string Release, long ExpectedGeneration, string Reason, string? NoWayBack = null, string? WithoutGates = null);

    private sealed record ReasonRequest(string Reason);

    private sealed record ApproveRequest(string Release, string Reason);
}
