using Backstop.Control.Access;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Backstop.Core.Gates;
using Backstop.Core.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>What people lay down for an alias: that it stays where it is, when nothing may rise, which release they answer for.</summary>
internal static class AliasRuleEndpoints
{
    private const int MostWindows = 100;
    private const int MostGates = 100;

    public static void Map(IEndpointRouteBuilder api)
    {
        Map<ReasonRequest>(api, "pin", "Keep an alias where it is, until somebody lifts the pin.", body => (new AliasAmendment.Pin(), body.Reason));
        Map<ReasonRequest>(api, "unpin", "Lift the pin of an alias.", body => (new AliasAmendment.Unpin(), body.Reason));
        Map<ReasonRequest>(api, "vouch", "Answer for the present release: rollbacks lead to it from now on.", body => (new AliasAmendment.Vouch(), body.Reason));
        Map<DrillPolicyRequest>(api, "drill-policy", "Say how often a rollback must be rehearsed, and whether drills begin by themselves.", body => (new AliasAmendment.RequireDrills(Hours(body.EveryHours), Share(body)), body.Reason));
        Map<MonitorRequest>(
            api, "monitor", "Say what evidence is judged by in the rollouts to come.", body => (new AliasAmendment.Monitor(body.Evidence.ToPlan(usual: null)), body.Reason));
        Map<GatesRequest>(
            api, "required-gates", "Say which suites of files a release must have passed.", body => (new AliasAmendment.RequireGates([.. Checked(body.Gates)]), body.Reason));
        Map<FreezeRequest>(api, "freezes", "Say when exposure may not rise.", body => (new AliasAmendment.Freeze([.. Checked(body.Windows)]), body.Reason));
    }

    private static void Map<T>(IEndpointRouteBuilder api, string verb, string summary, Func<T, (AliasAmendment Change, string Reason)> read) =>
        api.MapPost($"/aliases/{{name}}/{verb}", async (string name, Body<T> request, HttpContext context, AliasQueries queries, IGrainFactory grains) =>
        {
            var (change, reason) = read(await request.Read());
            await AliasEndpoints.View(queries, name);
            AliasEndpoints.Check(
                await grains.GetGrain<IAliasGrain>(name).Amend(StoreJson.Write(change), AliasEndpoints.Reason(reason), Caller.Of(context)));
            return ApiJson.Ok(await AliasEndpoints.View(queries, name));
        }).KnowsIfMatch().WithSummary(summary).NeedsOnAlias(Scope.Operate);

    private static TimeSpan? Hours(double? hours) => hours is null or (> 0 and <= 24 * 366)
        ? hours is { } every ? TimeSpan.FromHours(every) : null
        : throw RefusedException.Invalid($"'every_hours' is {hours}: use more than 0 and at most {24 * 366}, or null to ask for no drills.");

    private static IEnumerable<RequiredGate> Checked(RequiredRequest[] gates)
    {
        if (gates.Length > MostGates || gates.Select(g => g.Gate).Distinct(StringComparer.Ordinal).Count() < gates.Length)
        {
            throw RefusedException.Invalid($"'gates' has {gates.Length} gates: name at most {MostGates}, each once.");
        }

        foreach (var gate in gates)
        {
            var hours = gate.WithinHours ?? RequiredGate.UsualHours;
            yield return RequiredGate.Flaw(gate.Gate, gate.Digest, hours) is { } flaw
                ? throw RefusedException.Invalid(flaw)
                : new(gate.Gate, gate.Digest, TimeSpan.FromHours(hours));
        }
    }

    private static int? Share(DrillPolicyRequest policy) => policy.BasisPoints switch
    {
        null => null,
        _ when policy.EveryHours is null => throw RefusedException.Invalid("'basis_points' is the share of drills that begin by themselves: say how often with 'every_hours'."),
        < 1 or > Core.Routing.Route.Whole => throw RefusedException.Invalid($"'basis_points' is {policy.BasisPoints}: use 1 to {Core.Routing.Route.Whole} (100 basis points are 1 %)."),
        _ => policy.BasisPoints,
    };

    private static IEnumerable<FreezeWindow> Checked(WindowRequest[] windows)
    {
        if (windows.Length > MostWindows)
        {
            throw RefusedException.Invalid($"There are {windows.Length} windows; at most {MostWindows} are possible.");
        }

        foreach (var window in windows)
        {
            if (window.Until <= window.From || (window.EveryWeek == true && window.Until - window.From >= TimeSpan.FromDays(7)))
            {
                throw RefusedException.Invalid(
                    $"A window from {window.From:u} until {window.Until:u} is not possible: it must end after it begins, and within a week when it comes every week.");
            }

            yield return new(window.From, window.Until, AliasEndpoints.Reason(window.Reason), window.EveryWeek ?? false);
        }
    }

    private sealed record ReasonRequest(string Reason);

    private sealed record DrillPolicyRequest(string Reason, double? EveryHours = null, int? BasisPoints = null);

    private sealed record MonitorRequest(EvidenceRequest Evidence, string Reason);

    private sealed record FreezeRequest(WindowRequest[] Windows, string Reason);

    private sealed record GatesRequest(RequiredRequest[] Gates, string Reason);

    private sealed record RequiredRequest(string Gate, string? Digest = null, double? WithinHours = null);

    private sealed record WindowRequest(DateTimeOffset From, DateTimeOffset Until, string Reason, bool? EveryWeek = null);
}
