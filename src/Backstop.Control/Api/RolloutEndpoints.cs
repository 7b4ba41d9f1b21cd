using System.Collections.Immutable;
using Backstop.Control.Access;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Backstop.Core.Rollouts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>Rollouts: submit, forecast, read, and what people may ask of one.</summary>
internal static class RolloutEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/aliases/{name}/rollouts", Submit).Answers(StatusCodes.Status202Accepted).KnowsIfMatch().WithSummary("Submit a rollout of a release.").NeedsOnAlias(Scope.Operate);
        api.MapGet("/aliases/{name}/rollouts", async (string name, int? limit, AliasQueries queries) =>
        {
            await AliasEndpoints.View(queries, name);
            return ApiJson.Ok(await queries.Rollouts(name, PageLink.Limit(limit)));
        }).WithSummary("List the rollouts of an alias, the last submitted first.").NeedsOnAlias(Scope.Read);
        api.MapPost("/aliases/{name}/rollouts/forecast", ForecastPlan).WithSummary("Tell what a rollout would do, without beginning it.").NeedsOnAlias(Scope.Read);
        api.MapGet("/rollouts/{id}", async (string id, AliasQueries queries) => ApiJson.Ok(await View(queries, id)))
            .WithSummary("Show a rollout.").NeedsOnAliasOf<RouteHandlerBuilder, AliasStore>(Scope.Read, AliasOf);
        api.MapGet("/rollouts/{id}/forecast", ForecastRollout).WithSummary("Tell what a rollout will do next.").NeedsOnAliasOf<RouteHandlerBuilder, AliasStore>(Scope.Read, AliasOf);
        Map<ReasonRequest>(api, "abort", "End a rollout and take traffic back.", body => new RolloutCommand.Abort(AliasEndpoints.Reason(body.Reason)));
        Map<ReasonRequest>(api, "pause", "Hold a rollout at its present share.", body => new RolloutCommand.Pause(AliasEndpoints.Reason(body.Reason)));
        Map<Nothing>(api, "resume", "Let a paused rollout go on.", _ => new RolloutCommand.Resume());
        Map<ApproveRequest>(api, "approve", "Let a rollout enter a step that waits for a person.", body => new RolloutCommand.Approve(body.Step - 1));
        Map<ReasonRequest>(api, "trip", "Take a rollout back on what another system found.", body => new RolloutCommand.Trip(AliasEndpoints.Reason(body.Reason)));
        api.MapPost("/rollouts/{id}/plan/forecast", ForecastChange).WithSummary("Tell what a rollout would do under another plan, without changing it.").NeedsOnAliasOf<RouteHandlerBuilder, AliasStore>(Scope.Read, AliasOf);
        api.MapPost("/rollouts/{id}/plan", ChangePlan).KnowsIfMatch().WithSummary("Change the plan of a rollout that is under way.").NeedsOnAliasOf<RouteHandlerBuilder, AliasStore>(Scope.Operate, AliasOf);
    }

    private static async Task<string?> AliasOf(AliasStore aliases, string id) => (await aliases.Rollout(id))?.Rollout.Alias;

    private static async Task<RolloutView> View(AliasQueries queries, string id) =>
        await queries.Rollout(id) ?? throw RefusedException.Missing($"There is no rollout '{id}'.");

    private static async Task<Answer<RolloutView>> Submit(
        string name, Body<NewRollout> request, HttpContext context, ReleaseStore releases, AliasStore aliases, AliasQueries queries, IGrainFactory grains)
    {
        var body = await request.Read();
        await AliasEndpoints.View(queries, name);
        var release = await ReleaseEndpoints.Find(releases, body.Release);
        if (body.Evidence?.FalseRollbacksPerMonth is not null)
        {
            throw RefusedException.Invalid($"'evidence.false_rollbacks_per_month' is the alias's and not a rollout's: POST /api/v1/aliases/{name}/monitor sets it.");
        }

        var alias = (await aliases.Find(name))!;
        var usual = (alias.Monitor ?? new()) with { Scores = [.. alias.Traffic.Signals.Select(s => s.Rule)] };
        var reply = await grains.GetGrain<IAliasGrain>(name).Submit(
            release.Release.Digest,
            StoreJson.Write(await Plan(body.Plan, releases)),
            StoreJson.Write((body.Evidence ?? new()).ToPlan(usual)),
            body.Supersede ?? false,
            Caller.Of(context));
        AliasEndpoints.Check(reply);
        return ApiJson.Ok(await View(queries, reply.Text), StatusCodes.Status202Accepted);
    }

    private static async Task<Answer<ForecastView>> ForecastPlan(
        string name, Body<NewRollout> request, AliasStore aliases, ReleaseStore releases, AliasQueries queries, RolloutEffects effects, TimeProvider clock)
    {
        var body = await request.Read();
        await AliasEndpoints.View(queries, name);
        var release = await ReleaseEndpoints.Find(releases, body.Release);
        var (alias, plan) = ((await aliases.Find(name))!, await Plan(body.Plan, releases));
        var submitted = RolloutMachine.Submit(alias, "forecast", release.Release.Digest, plan, clock.GetUtcNow());

        // What would end it before anybody is exposed, as far as that is known without running anything.
        var active = body.Supersede == true || await aliases.LatestRollout(name) is not { Rollout.IsTerminal: false } under ? null
            : $"{name} has an active rollout, {under.Rollout.Id}: abort it first, supersede it (--supersede), or wait until it is over.";
        var refused = submitted.Refused ?? active
            ?? (plan.NoWayBack is null ? await effects.ClosedWay(release.Release.Digest, alias.Current, alias.ReturnsTo(release.Release.Digest, plan.Fallback) ?? alias.Current) : null)
            ?? (plan.BreakGlass is null ? await effects.MissingResult(alias, release.Release.Digest) : null);
        return ApiJson.Ok(await Forecast(submitted.Next, refused, queries, clock));
    }

    private static async Task<Answer<ForecastView>> ForecastChange(string id, Body<PlanChange> request, AliasStore aliases, ReleaseStore releases, AliasQueries queries, TimeProvider clock)
    {
        var body = await request.Read();
        var stored = await aliases.Rollout(id) ?? throw RefusedException.Missing($"There is no rollout '{id}'.");
        var state = new RolloutState(stored.Rollout, (await aliases.Find(stored.Rollout.Alias))!);
        var changed = RolloutMachine.Step(state, new RolloutEvent.PlanChanged(clock.GetUtcNow(), await Plan(body.Plan, releases), body.Approval));
        return ApiJson.Ok(await Forecast(changed.Next, changed.Refused, queries, clock));
    }

    private static async Task<Answer<ForecastView>> ForecastRollout(string id, AliasStore aliases, AliasQueries queries, TimeProvider clock)
    {
        var stored = await aliases.Rollout(id) ?? throw RefusedException.Missing($"There is no rollout '{id}'.");
        return ApiJson.Ok(await Forecast(new(stored.Rollout, (await aliases.Find(stored.Rollout.Alias))!), refused: null, queries, clock));
    }

    private static async Task<ForecastView> Forecast(RolloutState state, string? refused, AliasQueries queries, TimeProvider clock)
    {
        var (rollout, now) = (state.Rollout, clock.GetUtcNow());
        var returnsTo = rollout.Promoted ? state.Alias.Previous : state.Alias.ReturnsTo(rollout.Candidate, rollout.Plan.Fallback);
        return new(
            refused,
            returnsTo is null ? null : await queries.Name(returnsTo),
            rollout.PlanDigest,
            refused is null ? Core.Rollouts.Forecast.AtBest(state, now) : [],
            refused is null ? Core.Rollouts.Forecast.InSilence(state, now) : []);
    }

    private static async Task<Answer<RolloutView>> ChangePlan(
        string id, Body<PlanChange> request, HttpContext context, ReleaseStore releases, AliasQueries queries, IGrainFactory grains)
    {
        var body = await request.Read();
        return await Tell(id, new RolloutCommand.ChangePlan(await Plan(body.Plan, releases), body.Approval), context, queries, grains);
    }

    private static void Map<T>(IEndpointRouteBuilder api, string verb, string summary, Func<T, RolloutCommand> command) =>
        api.MapPost($"/rollouts/{{id}}/{verb}", async (string id, Body<T> request, HttpContext context, AliasQueries queries, IGrainFactory grains) =>
            await Tell(id, command(await request.Read()), context, queries, grains))
            .KnowsIfMatch().WithSummary(summary).NeedsOnAliasOf<RouteHandlerBuilder, AliasStore>(Scope.Operate, AliasOf);

    private static async Task<Answer<RolloutView>> Tell(string id, RolloutCommand command, HttpContext context, AliasQueries queries, IGrainFactory grains)
    {
        var rollout = await View(queries, id);
        AliasEndpoints.Check(await grains.GetGrain<IAliasGrain>(rollout.Alias).Tell(id, StoreJson.Write(command), Caller.Of(context)));
        return ApiJson.Ok(await View(queries, id));
    }

    private static async Task<RolloutPlan> Plan(PlanRequest? plan, ReleaseStore releases) => (plan ?? new()).ToPlan(
        plan?.Fallback is { } fallback ? (await ReleaseEndpoints.Find(releases, fallback)).Release.Digest : null);

    private sealed record NewRollout(string Release, PlanRequest? Plan = null, EvidenceRequest? Evidence = null, bool? Supersede = null);

    private sealed record PlanChange(PlanRequest Plan, string? Approval = null);

    private sealed record ReasonRequest(string Reason);

    private sealed record ApproveRequest(int Step);

    private sealed record ForecastView(
        string? Refused, ReleaseName? ReturnsTo, string? PlanDigest, ImmutableArray<ForecastStep> AtBest, ImmutableArray<ForecastStep> InSilence);
}
