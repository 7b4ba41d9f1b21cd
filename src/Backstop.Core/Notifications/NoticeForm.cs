using System.Text;
using System.Text.Json.Nodes;
using Backstop.Core.Incidents;

namespace Backstop.Core.Notifications;

/// <summary>A notice as each kind of receiver reads it.</summary>
public static class NoticeForm
{
    private const int LongestSummary = 1024; // PagerDuty's.

    /// <summary>
    /// An alert event of PagerDuty (Events API v2, <c>/v2/enqueue</c>): all that is told about one incident has one
    /// <c>dedup_key</c>, so that it stays one alert there.
    /// </summary>
    public static JsonObject PagerDuty(Notice notice, string routingKey)
    {
        var json = new JsonObject
        {
            ["routing_key"] = routingKey,
            ["event_action"] = notice.Stage switch { NoticeStage.Resolved => "resolve", NoticeStage.Acknowledged => "acknowledge", _ => "trigger" },
            ["dedup_key"] = notice.Key,
        };
        if ((string?)json["event_action"] == "trigger")
        {
            json["payload"] = new JsonObject
            {
                ["summary"] = Short(notice.Summary),
                ["source"] = notice.Alias,
                ["severity"] = notice.Severity switch { IncidentSeverity.Severe => "critical", IncidentSeverity.Major => "error", _ => "warning" },
                ["timestamp"] = notice.At.ToString("O"),
                ["component"] = notice.Alias,
                ["group"] = "backstop",
                ["class"] = "model-serving",
                ["custom_details"] = Facts(notice),
            };
        }

        return json;
    }

    /// <summary>A change event of PagerDuty (<c>/v2/change/enqueue</c>).</summary>
    public static JsonObject PagerDutyChange(string summary, string source, DateTimeOffset at, string routingKey) => new()
    {
        ["routing_key"] = routingKey,
        ["payload"] = new JsonObject { ["summary"] = Short(summary), ["source"] = source, ["timestamp"] = at.ToString("O") },
    };

    /// <summary>Alerts for Alertmanager (<c>POST /api/v2/alerts</c>). It forgets an alert that is not said again before it ends.</summary>
    /// <param name="until">When it counts as over unless it is said again; the time it ended for the last notice.</param>
    public static JsonArray Alertmanager(Notice notice, DateTimeOffset openedAt, DateTimeOffset until) => new(new JsonObject
    {
        // Only what never changes: another label would be another alert.
        ["labels"] = new JsonObject { ["alertname"] = "BackstopIncident", ["incident"] = notice.Key, ["alias"] = notice.Alias },
        ["annotations"] = new JsonObject { ["summary"] = notice.Summary, ["description"] = string.Join("\n", notice.Facts.Select(f => $"{f.Key}: {f.Value}")) },
        ["startsAt"] = openedAt.ToString("O"),
        ["endsAt"] = until.ToString("O"),
    });

    /// <summary>A message of Slack's incoming webhooks: blocks, and a text for where blocks are not shown.</summary>
    public static JsonObject Slack(Notice notice)
    {
        var blocks = new JsonArray(Section(Escaped(notice.Summary)));
        if (notice.Facts.Length > 0)
        {
            blocks.Add(Section(string.Join("\n", notice.Facts.Select(f => $"*{Escaped(f.Key)}*: {Escaped(f.Value)}"))));
        }

        return new() { ["text"] = Escaped(notice.Summary), ["blocks"] = blocks };

        static JsonObject Section(string text) => new() { ["type"] = "section", ["text"] = new JsonObject { ["type"] = "mrkdwn", ["text"] = text.Length <= 3000 ? text : text[..2999] + "…" } };
    }

    /// <summary>An adaptive card in the envelope that a workflow of Teams takes.</summary>
    public static JsonObject Teams(Notice notice) => new()
    {
        ["type"] = "message",
        ["attachments"] = new JsonArray(new JsonObject
        {
            ["contentType"] = "application/vnd.microsoft.card.adaptive",
            ["contentUrl"] = null,
            ["content"] = new JsonObject
            {
                ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
                ["type"] = "AdaptiveCard",
                ["version"] = "1.4",
                ["body"] = new JsonArray(
                    new JsonObject { ["type"] = "TextBlock", ["text"] = notice.Summary, ["wrap"] = true, ["weight"] = "Bolder" },
                    new JsonObject { ["type"] = "FactSet", ["facts"] = new JsonArray([.. notice.Facts.Select(f => new JsonObject { ["title"] = f.Key, ["value"] = f.Value })]) }),
            },
        }),
    };

    /// <summary>What a program reads.</summary>
    public static JsonObject Webhook(Notice notice) => new()
    {
        ["type"] = $"incident.{Notice.Lower(notice.Stage)}",
        ["timestamp"] = notice.At.ToString("O"),
        ["data"] = new JsonObject
        {
            ["incident"] = notice.Key,
            ["alias"] = notice.Alias,
            ["severity"] = Notice.Lower(notice.Severity),
            ["summary"] = notice.Summary,
            ["facts"] = Facts(notice),
        },
    };

    /// <summary>The text of a letter.</summary>
    public static string Letter(Notice notice)
    {
        var text = new StringBuilder(notice.Summary).Append("\n\n");
        foreach (var (name, value) in notice.Facts)
        {
            text.Append(name).Append(": ").Append(value).Append('\n');
        }

        return text.ToString();
    }

    private static JsonObject Facts(Notice notice) => new(notice.Facts.Select(f => KeyValuePair.Create<string, JsonNode?>(f.Key, f.Value)));

    private static string Short(string text) => text.Length <= LongestSummary ? text : text[..(LongestSummary - 1)] + "…";

    // Slack's three control characters.
    private static string Escaped(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
