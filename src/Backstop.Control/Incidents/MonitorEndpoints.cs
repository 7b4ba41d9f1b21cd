using Backstop.Control.Access;
using Backstop.Control.Api;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Backstop.Core.Gates;
using Backstop.Core.Incidents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Incidents;

/// <summary>Monitors: read them with what they would do today, and say how far they may act.</summary>
internal static class MonitorEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/monitors", async (string? alias, HttpContext context, MonitorStore monitors) =>
            ApiJson.Ok((await monitors.All(alias)).Where(m => Caller.Sees(context, m.Alias)).Select(MonitorView.Of).ToArray())).WithSummary("List the monitors of the aliases that the key reaches.").Needs(Scope.Read);
        api.MapGet("/monitors/{id}", async (string id, MonitorStore monitors, IGrainFactory grains) => await View(await Find(monitors, id), grains))
            .WithSummary("Show a monitor, held against all that is remembered today.").NeedsOnAliasOf<RouteHandlerBuilder, MonitorStore>(Scope.Read, AliasOf);
        api.MapPost("/monitors/{id}/state", SetState).WithSummary("Say how far a monitor may act.").NeedsOnAliasOf<RouteHandlerBuilder, MonitorStore>(Scope.Operate, AliasOf);
    }

    private static async Task<string?> AliasOf(MonitorStore monitors, string id) => (await monitors.Find(id))?.Alias;

    /// <summary>The rule stands in the traffic policy while its monitor enforces, and in no other state.</summary>
    private static async Task<Answer<MonitorView>> SetState(
        string id, Body<StateRequest> request, HttpContext context, MonitorStore monitors, AliasStore aliases, IGrainFactory grains)
    {
        var body = await request.Read();
        var (monitor, reason) = (await Find(monitors, id), AliasEndpoints.Reason(body.Reason));
        if (monitor.Inputs is null)
        {
            throw RefusedException.Conflict($"'{id}' is from before its rule was kept beside it. Change 'inputs' of the traffic policy: backstop alias traffic {monitor.Alias}");
        }

        if (body.State == GateState.Enforcing && await Today(monitor, grains) is { LetsBe: false } today)
        {
            throw RefusedException.Conflict(
                $"'{id}' would have touched {today.QuietTouched} of {today.Quiet} while all was well, and one in a hundred is the most. Let it shadow, or retire it: backstop monitor set {id} retired --reason …");
        }

        var alias = (await aliases.Find(monitor.Alias))!;
        var policy = alias.Traffic.With(monitor.Under(alias.Traffic.Inputs, body.State, await monitors.All(monitor.Alias)));
        if (policy != alias.Traffic)
        {
            RequestContext.Set(StateTag.Expected, StateTag.Of(alias.Epoch, alias.Generation)); // Whoever changed the policy meanwhile is not overwritten.
            AliasEndpoints.Check(await grains.GetGrain<IAliasGrain>(monitor.Alias).Amend(
                StoreJson.Write<AliasAmendment>(new AliasAmendment.Shape(policy)), $"{id} is {body.State.ToString().ToLowerInvariant()}: {reason}", Caller.Of(context)));
        }

        var next = monitor with { State = body.State };
        await monitors.Save(next, Caller.Of(context), reason);
        return await View(next, grains);
    }

    private static async Task<Answer<MonitorView>> View(InputMonitor monitor, IGrainFactory grains) =>
        ApiJson.Ok(MonitorView.Of(monitor) with { Today = await Today(monitor, grains) });

    private static async Task<RuleBacktest?> Today(InputMonitor monitor, IGrainFactory grains) => monitor.Inputs is { } inputs
        ? StoreJson.Read<RuleBacktest>(await grains.GetGrain<IAliasGrain>(monitor.Alias).Backtest(monitor.Rule.Rule, inputs))
        : null;

    private static async Task<InputMonitor> Find(MonitorStore monitors, string id) =>
        await monitors.Find(id) ?? throw RefusedException.Missing($"There is no monitor '{id}'. List them with GET /api/v1/monitors.");

    private sealed record StateRequest(GateState State, string Reason);
}
