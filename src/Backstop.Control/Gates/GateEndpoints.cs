using Backstop.Control.Access;
using Backstop.Control.Api;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Backstop.Core.Gates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Gates;

/// <summary>Gates: read them, and run them on a release.</summary>
internal static class GateEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/gates", async (string? alias, string? after, int? limit, HttpContext context, GateStore gates) =>
        {
            var page = await PageLink.Seen(
                context,
                (from, most) => gates.Page(alias, from, most),
                gate => (gate.Id, gate.Alias),
                after is null ? null : await gates.Find(after) ?? throw PageLink.Unknown(after),
                limit);
            return ApiJson.Ok(page.ConvertAll(GateView.Of));
        }).WithSummary("List the gates of the aliases that the key reaches.").Needs(Scope.Read);
        api.MapGet("/gates/{id}", async (string id, GateStore gates) => ApiJson.Ok(GateView.Of(await Find(gates, id))))
            .WithSummary("Show a gate.").NeedsOnAliasOf<RouteHandlerBuilder, GateStore>(Scope.Read, AliasOf);
        api.MapPost("/gates", Declare).Answers(StatusCodes.Status201Created)
            .WithSummary("Write a gate, in the place of the one with this id.").Needs(Scope.Operate);
        api.MapPost("/gates/{id}/state", SetState).WithSummary("Say how far a gate may act.").NeedsOnAliasOf<RouteHandlerBuilder, GateStore>(Scope.Operate, AliasOf);
        api.MapPost("/gates/{id}/dispute", Dispute).WithSummary("Say that a gate stopped a release that it should not have.").NeedsOnAliasOf<RouteHandlerBuilder, GateStore>(Scope.Operate, AliasOf);
        api.MapPost("/gates/matrix", Matrix).WithSummary("Ask every gate of an alias every release that was bad.").Needs(Scope.Operate);
        api.MapPost("/gates/{id}/run", Run).WithSummary("Run a gate on a release.").NeedsOnAliasOf<RouteHandlerBuilder, GateStore>(Scope.Operate, AliasOf);
    }

    private static async Task<string?> AliasOf(GateStore gates, string id) => (await gates.Find(id))?.Alias;

    private static async Task<Answer<GateResultView>> Run(string id, Body<RunRequest> request, HttpContext context, GateStore gates, GateRunner runner, ReleaseStore releases)
    {
        var body = await request.Read();
        var gate = await Find(gates, id);
        var release = (await ReleaseEndpoints.Find(releases, body.Release)).Release;
        return ApiJson.Ok(GateResultView.Of(await runner.Run(gate, release, progress: null, context.RequestAborted)));
    }

    private static async Task<Answer<GateView>> SetState(string id, Body<StateRequest> request, HttpContext context, GateStore gates)
    {
        var body = await request.Read();
        var gate = await Find(gates, id);
        if (body.State == GateState.Enforcing && gate.Certificate is { Holds: false })
        {
            throw RefusedException.Conflict($"The certificate of '{id}' does not hold, so nothing says that it would stop the right releases. Learn again, or let it shadow.");
        }

        var next = gate.Set(body.State);
        await gates.Save(next, Caller.Of(context), AliasEndpoints.Reason(body.Reason));
        return ApiJson.Ok(GateView.Of(next));
    }

    private static async Task<Answer<GateView>> Dispute(string id, Body<DisputeRequest> request, HttpContext context, GateStore gates, ReleaseStore releases, TimeProvider clock)
    {
        var body = await request.Read();
        var gate = await Find(gates, id);
        var (release, reason) = ((await ReleaseEndpoints.Find(releases, body.Release)).Release, AliasEndpoints.Reason(body.Reason));
        if (gate.Certificate?.BadRelease == release.Digest)
        {
            throw RefusedException.Conflict($"'{id}' was made to stop {release.Name}, after {gate.IncidentId}. If that was wrong, retire it: backstop gate set {id} retired --reason …");
        }

        var next = gate.Dispute(new(clock.GetUtcNow(), release.Digest, Caller.Of(context), reason));
        if (next != gate)
        {
            await gates.Save(next, Caller.Of(context), $"a false block of {release.Name}: {reason}");
        }

        return ApiJson.Ok(GateView.Of(next));
    }

    private static async Task<Answer<MatrixView>> Matrix(Body<MatrixRequest> request, HttpContext context, MatrixRunner runner, TimeProvider clock)
    {
        var body = await request.Read();
        Caller.MustReach(context, Scope.Operate, body.Alias);
        var (matrix, gates, bad) = await runner.Run(body.Alias, context.RequestAborted);
        return ApiJson.Ok(MatrixView.Of(body.Alias, matrix, gates, bad, clock.GetUtcNow()));
    }

    private static async Task<Answer<GateView>> Declare(Body<GateRequest> request, HttpContext context, GateStore gates, TimeProvider clock)
    {
        var body = await request.Read();
        Caller.MustReach(context, Scope.Operate, body.Alias);
        var there = await gates.Find(body.Id);
        var gate = body.ToGate(there?.CreatedAt ?? clock.GetUtcNow());
        if (there is { IncidentId: not null } || there?.Alias is { } alias && alias != gate.Alias)
        {
            throw RefusedException.Conflict($"'{gate.Id}' is a gate already that came from an incident or belongs to another alias: choose another id.");
        }

        if (there is null || StoreJson.Write(there) != StoreJson.Write(gate))
        {
            await gates.Save(gate, Caller.Of(context));
        }

        return ApiJson.Ok(GateView.Of(gate), there is null ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static async Task<Gate> Find(GateStore gates, string id) =>
        await gates.Find(id) ?? throw RefusedException.Missing($"There is no gate '{id}'. List them with GET /api/v1/gates.");

    private sealed record RunRequest(string Release);

    private sealed record DisputeRequest(string Release, string Reason);

    private sealed record MatrixRequest(string Alias);

    private sealed record StateRequest(GateState State, string Reason);
}

/// <summary>A gate as the API shows it. The cases themselves are in its files.</summary>
public sealed record GateView(
    string Id,
    string Alias,
    string State,
    string? IncidentId,
    string Owner,
    DateTimeOffset CreatedAt,
    DateTimeOffset ReviewBy,
    int Cases,
    int SamplesPerCase,
    int Runs,
    int FailIfMoreThan,
    RateBounds BadFailRate,
    RateBounds GoodFailRate,
    double Power,
    double FalseBlock,
    string CasesDigest,
    int BudgetSeconds,
    System.Collections.Immutable.ImmutableArray<FalseBlock> FalseBlocks,
    Certificate? Certificate)
{
    /// <summary>The view of a gate.</summary>
    public static GateView Of(Gate gate) => new(
        gate.Id,
        gate.Alias,
        gate.State.ToString().ToLowerInvariant(),
        gate.IncidentId,
        gate.Owner,
        gate.CreatedAt,
        gate.ReviewBy,
        gate.Cases.Length,
        gate.SamplesPerCase,
        gate.Runs,
        gate.FailIfMoreThan,
        gate.BadFailRate,
        gate.GoodFailRate,
        gate.Power,
        gate.FalseBlock,
        GateFiles.CasesDigest(gate.Cases),
        gate.BudgetSeconds,
        gate.FalseBlocks,
        gate.Certificate);
}

/// <summary>What a gate said about a release.</summary>
public sealed record GateResultView(
    string GateId,
    string Release,
    string Verdict,
    bool Passed,
    string Reason,
    int Runs,
    int Failures,
    int Errors,
    int FailIfMoreThan,
    IReadOnlyDictionary<string, int> Reasons)
{
    /// <summary>The view of a result.</summary>
    public static GateResultView Of(GateResult result) => new(
        result.GateId,
        result.Release,
        result.Verdict.ToString().ToLowerInvariant(),
        result.Passed,
        result.Reason,
        result.Counts.Runs,
        result.Counts.Failures,
        result.Counts.Errors,
        result.FailIfMoreThan,
        result.Counts.Reasons);
}
