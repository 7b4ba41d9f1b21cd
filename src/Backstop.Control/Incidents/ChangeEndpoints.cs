using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Backstop.Control.Access;
using Backstop.Control.Api;
using Backstop.Core.Access;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Incidents;

/// <summary>Others tell what they changed, and Alertmanager what it sees.</summary>
internal static class ChangeEndpoints
{
    private const int LongestText = 500;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/changes", async (long? after, int? limit, HttpContext context, ChangeLedger ledger, TimeProvider clock) =>
        {
            var most = PageLink.Limit(limit);
            var page = await ledger.Page(clock.GetUtcNow(), after ?? 0, most);
            PageLink.Add(context, page.Count, most, page.Count == 0 ? null : page[^1].Sequence.ToString(CultureInfo.InvariantCulture));
            return ApiJson.Ok(page.ConvertAll(p => p.Entry));
        }).WithSummary("List what was changed lately, here and elsewhere.").Needs(Scope.Read, Access.Reach.Everything);
        api.MapPost("/changes", Change).Answers(StatusCodes.Status201Created).WithSummary("Report a change that was made elsewhere.").Needs(Scope.Write);
        api.MapPost("/changes/alertmanager", Alerts).WithSummary("Take the webhook of Alertmanager, version 4.").Needs(Scope.Write, Access.Reach.Everything);
    }

    private static async Task<Answer<LedgerEntry>> Change(Body<ChangeRequest> request, HttpContext context, IncidentBook book, TimeProvider clock)
    {
        var body = await request.Read();
        if (body.What.Trim() is not { Length: > 0 and <= LongestText } what)
        {
            throw RefusedException.Invalid($"'what' must have 1 to {LongestText} characters.");
        }

        foreach (var part in body.Parts.Where(part => !SignatureTable.Parts.Contains(part, StringComparer.Ordinal)))
        {
            throw RefusedException.Invalid(
                $"'{part}' is not a part that can change.{Suggestion.For(part, SignatureTable.Parts)} Known: {string.Join(", ", SignatureTable.Parts)}.");
        }

        Caller.MustReach(context, Scope.Write, body.Alias);
        var entry = new LedgerEntry(body.Id ?? "", body.At ?? clock.GetUtcNow(), [.. body.Parts], what, body.Alias, Link: body.Link);
        return ApiJson.Ok(entry, await book.Report(entry, Caller.Of(context)) ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    /// <summary>Takes the webhook of Alertmanager, version 4. Unknown members are its business: it adds some from time to time.</summary>
    private static async Task<Answer<AlertsTaken>> Alerts(Body<JsonElement> request, IncidentBook book)
    {
        var body = await request.Read();
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("alerts", out var alerts) || alerts.ValueKind != JsonValueKind.Array)
        {
            throw RefusedException.Invalid("The body is not a webhook of Alertmanager: it has no list 'alerts'.");
        }

        var taken = 0;
        foreach (var alert in alerts.EnumerateArray().Where(alert => Text(alert, "status") == "firing"))
        {
            var (labels, notes) = (Member(alert, "labels"), Member(alert, "annotations"));
            if (Text(labels, "alertname") is not { Length: > 0 } name || !alert.TryGetProperty("startsAt", out var time) || !time.TryGetDateTimeOffset(out var at))
            {
                throw RefusedException.Invalid("An alert needs labels.alertname and startsAt.");
            }

            // A label says best which signal it is; the alert's own name is read by its words.
            var what = Text(notes, "summary") ?? Text(notes, "description") ?? name;
            var entry = new LedgerEntry(
                $"{Text(alert, "fingerprint") ?? name}@{at.ToUnixTimeMilliseconds()}", at, [], what[..Math.Min(what.Length, LongestText)], Text(labels, "alias"), Text(labels, "signal") ?? name, Text(alert, "generatorURL"));
            taken += await book.Report(entry, "alertmanager") ? 1 : 0;
        }

        return ApiJson.Ok(new AlertsTaken(taken));
    }

    private static JsonElement Member(JsonElement parent, string name) => parent.TryGetProperty(name, out var member) ? member : default;

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    private sealed record AlertsTaken(int Taken);

    /// <param name="At">When it happened; now if absent.</param>
    /// <param name="Id">The sender's own name for it, so that it may be told twice.</param>
    private sealed record ChangeRequest(string[] Parts, string What, DateTimeOffset? At = null, string? Alias = null, string? Id = null, string? Link = null);
}
