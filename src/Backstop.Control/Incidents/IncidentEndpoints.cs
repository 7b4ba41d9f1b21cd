using Backstop.Control.Access;
using Backstop.Control.Api;
using Backstop.Control.Gates;
using Backstop.Control.Rollouts;
using Backstop.Core.Access;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Incidents;

/// <summary>Incidents: read, take on, comment, close, learn.</summary>
internal static class IncidentEndpoints
{
    private const int LongestComment = 4000;
    private const int LongestName = 100;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/incidents", async (string? alias, string? after, int? limit, HttpContext context, IncidentBook book, AliasQueries names) =>
        {
            var page = await PageLink.Seen(
                context,
                (from, most) => book.Page(alias, from, most),
                incident => (incident.Id, incident.Alias),
                after is null ? null : await book.Find(after) ?? throw PageLink.Unknown(after),
                limit);
            var views = new List<IncidentView>();
            foreach (var incident in page)
            {
                views.Add(await IncidentView.Of(incident, names));
            }

            return ApiJson.Ok(views);
        }).WithSummary("List the incidents of the aliases that the key reaches, newest first.").Needs(Scope.Read);
        api.MapGet("/incidents/{id}", async (string id, IncidentBook book, AliasQueries names) => await View(await book.Find(id), id, names))
            .WithSummary("Show an incident.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Read, AliasOf);
        api.MapGet("/incidents/{id}/postmortem", Draft).AnswersText("text/markdown").WithSummary("Draft the postmortem of an incident.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Read, AliasOf);
        api.MapGet("/incidents/{id}/case", async (string id, IncidentBook book) => (await book.Find(id) ?? throw Missing(id)).Case is { } known
            ? Results.Text(CaseWriter.Write(known), "application/json")
            : throw RefusedException.Missing($"Nobody has looked at {id} yet: it has no case."))
            .AnswersText("application/json").WithSummary("Give the evidence of an incident as a case for diagnosis.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Read, AliasOf);
        api.MapPost("/incidents/{id}/acknowledge", async (string id, Body<Nothing> request, HttpContext context, IncidentBook book, AliasQueries names, TimeProvider clock) =>
        {
            await request.Read();
            return await Change(id, i => i.Acknowledge(Caller.Of(context), clock.GetUtcNow()), book, names);
        }).WithSummary("Take an incident on.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Operate, AliasOf);
        api.MapPost("/incidents/{id}/mitigate", Mitigate).WithSummary("Do what helps against the cause that is named: roll back, or put a rule in force at the gateways.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Operate, AliasOf);
        api.MapPost("/incidents/{id}/resolve", Resolve).WithSummary("Close an incident.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Operate, AliasOf);
        api.MapPost("/incidents/{id}/assign", Assign).WithSummary("Give an incident to somebody.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Operate, AliasOf);
        api.MapPost("/incidents/{id}/severity", Grade).WithSummary("Grade an incident.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Operate, AliasOf);
        api.MapPost("/incidents/{id}/comments", Comment).WithSummary("Comment on an incident.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Operate, AliasOf);
        api.MapPost("/incidents/{id}/ablate", Ablate).WithSummary("Replay the captured requests of an incident with one changed part of the release at a time.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Operate, AliasOf);
        api.MapPost("/incidents/{id}/learn", Learn).Answers(StatusCodes.Status201Created).WithSummary("Make a gate of an incident and prove it on the bad and on the good release; or keep the rule that contained it as a monitor.").NeedsOnAliasOf<RouteHandlerBuilder, IncidentBook>(Scope.Operate, AliasOf);
    }

    private static async Task<string?> AliasOf(IncidentBook book, string id) => (await book.Find(id))?.Alias;

    private static async Task<Answer<IncidentView>> Change(string id, Func<Incident, Incident> change, IncidentBook book, AliasQueries names) =>
        await View(await book.Change(id, change), id, names);

    private static async Task<Answer<IncidentView>> Resolve(string id, Body<Nothing> request, IncidentBook book, AliasQueries names, TimeProvider clock, IGrainFactory grains)
    {
        await request.Read();
        var incident = await book.Change(id, i => i.Resolve(clock.GetUtcNow()));
        if (incident is { Inputs: not null, Containments.IsEmpty: true })
        {
            await grains.GetGrain<IAliasGrain>(incident.Alias).AcceptInputs();
        }

        return await View(incident, id, names);
    }

    /// <summary>Does what helps against the cause that is named, where Backstop can do it.</summary>
    private static async Task<Answer<IncidentView>> Mitigate(string id, Body<Nothing> request, HttpContext context, IncidentBook book, AliasQueries names, IGrainFactory grains)
    {
        await request.Read();
        var incident = await book.Find(id) ?? throw Missing(id);
        if (incident.IsOver)
        {
            throw RefusedException.Conflict($"{id} is over.");
        }

        var grain = grains.GetGrain<IAliasGrain>(incident.Alias);
        AliasEndpoints.Check(incident.Diagnosis switch
        {
            { Rollback: RollbackAdvice.Helps } => await grain.Rollback($"{id}: the release is to blame", Caller.Of(context)),
            { Cause: { } cause } when ContainmentPlan.Exists(cause) => await grain.Contain(id, cause.ToString(), Caller.Of(context)),
            _ when incident.CallsForPrecaution => await grain.Precaution(id, Caller.Of(context)),
            { Mitigation.Verb: { } verb } => throw RefusedException.Conflict(
                $"Backstop does not do this by itself. Look first, then: backstop mitigate {verb.Replace("ALIAS", incident.Alias, StringComparison.Ordinal)} --reason {id}"),
            { Mitigation: { } mitigation } => throw RefusedException.Conflict($"Backstop cannot do this by itself: {mitigation.First}"),
            _ => throw RefusedException.Conflict($"Nobody knows yet what broke in {id}."),
        });
        return await View(await book.Find(id), id, names);
    }

    private static async Task<Answer<IncidentView>> Ablate(string id, Body<Nothing> request, HttpContext context, IncidentBook book, AblationRunner ablation, AliasQueries names)
    {
        await request.Read();
        var (after, why) = await ablation.Run(await book.Find(id) ?? throw Missing(id), context.RequestAborted);
        return why is null ? await View(after, id, names) : throw RefusedException.Conflict(why);
    }

    private static async Task<Answer<IncidentView>> Comment(string id, Body<CommentRequest> request, HttpContext context, IncidentBook book, AliasQueries names, TimeProvider clock)
    {
        var body = await request.Read();
        return body.Text.Trim() is { Length: > 0 and <= LongestComment } text
            ? await Change(id, i => i.Comment(Caller.Of(context), text, clock.GetUtcNow()), book, names)
            : throw RefusedException.Invalid($"'text' must have 1 to {LongestComment} characters.");
    }

    private static async Task<Answer<IncidentView>> Assign(string id, Body<AssignRequest> request, HttpContext context, IncidentBook book, AliasQueries names, TimeProvider clock)
    {
        var body = await request.Read();
        return body.To.Trim() is { Length: > 0 and <= LongestName } to
            ? await Change(id, i => i.Assign(to, Caller.Of(context), clock.GetUtcNow()), book, names)
            : throw RefusedException.Invalid($"'to' must have 1 to {LongestName} characters.");
    }

    private static async Task<Answer<IncidentView>> Grade(string id, Body<GradeRequest> request, IncidentBook book, AliasQueries names)
    {
        var body = await request.Read();
        return await Change(id, i => i.Grade(body.Severity), book, names);
    }

    private static async Task<IResult> Draft(string id, IncidentBook book, GateStore gates, AliasQueries names)
    {
        var incident = await book.Find(id) ?? throw Missing(id);
        var gate = incident.GateId is { } known ? await gates.Find(known) : null;
        return Results.Text(
            Postmortem.Draft(incident, gate, (await names.Name(incident.Release)).Name, (await names.Name(incident.Baseline)).Name), "text/markdown");
    }

    private static async Task<Answer<LearnedView>> Learn(string id, Body<Nothing> request, HttpContext context, Learner learner)
    {
        await request.Read();
        return await learner.Learn(id, Caller.Of(context), context.RequestAborted) switch
        {
            LearnResult.Watched watched => ApiJson.Ok(LearnedView.Of(watched.Monitor), watched.New ? StatusCodes.Status201Created : StatusCodes.Status200OK),
            LearnResult.Learned learned => ApiJson.Ok(LearnedView.Of(learned.Gate), learned.New ? StatusCodes.Status201Created : StatusCodes.Status200OK),
            LearnResult.Impossible impossible => throw RefusedException.Conflict(impossible.Reason),
            _ => throw Missing(id),
        };
    }

    private static async Task<Answer<IncidentView>> View(Incident? incident, string id, AliasQueries names) =>
        ApiJson.Ok(await IncidentView.Of(incident ?? throw Missing(id), names));

    private static RefusedException Missing(string id) =>
        RefusedException.Missing($"There is no incident '{id}'. List them with GET /api/v1/incidents.");

    private sealed record CommentRequest(string Text);

    private sealed record AssignRequest(string To);

    private sealed record GradeRequest(IncidentSeverity Severity);
}
