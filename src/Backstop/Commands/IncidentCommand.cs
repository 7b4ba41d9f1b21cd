using System.CommandLine;
using System.Globalization;
using Backstop.Client;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary><c>backstop incident</c>: what went wrong, who was to blame, and what was learnt.</summary>
internal static class IncidentCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "Id of the incident." };

    public static Verb Create()
    {
        var verb = new Verb("incident", "See what went wrong, work on it, and make a gate of it.") { List(), Show() };
        foreach (var work in IncidentWork.All(Id))
        {
            verb.Add(work);
        }

        verb.Add(Learn());
        verb.Add(IncidentDiagnose.Create());
        return verb;
    }

    private static Verb List()
    {
        var alias = new Option<string?>("--alias") { Description = "Only incidents of this alias." };
        var verb = Remote.Verb(
            "list",
            "List the incidents.",
            [alias],
            (parse, client, cancel) => client.Incidents(parse.GetValue(alias), cancel),
            (incidents, screen) => screen.Table(
                incidents,
                "There is no incident.",
                ("id", i => i.Id),
                ("alias", i => i.Alias),
                ("opened", i => Screen.Time(i.OpenedAt)),
                ("status", i => i.Status),
                ("severity", i => i.Severity),
                ("release", i => i.Release?.Name),
                ("to blame", i => Blame(i.ReleaseToBlame)),
                ("cause", i => i.Cause),
                ("assigned to", i => i.AssignedTo ?? i.AcknowledgedBy),
                ("learnt", i => i.GateId)));
        verb.Examples = ["backstop incident list", "backstop incident list --alias assistant:prod --json"];
        return verb;
    }

    private static Verb Show()
    {
        var verb = Remote.Verb(
            "show",
            "Show an incident: the measured timeline, the evidence and what changed.",
            [Id],
            (parse, client, cancel) => client.Incident(parse.GetRequiredValue(Id), cancel),
            Print);
        verb.Examples = ["backstop incident show INC-2026-001", "backstop incident show INC-2026-001 --json"];
        return verb;
    }

    private static void Print(IncidentView incident, Screen screen)
    {
        screen.Facts(
            ("id", incident.Id),
            ("alias", incident.Alias),
            ("status", incident.Status),
            ("severity", incident.Severity),
            ("opened", Screen.Time(incident.OpenedAt)),
            ("release", incident.Release?.Name),
            ("to blame", Blame(incident.ReleaseToBlame)),
            ("rollback", incident.Rollback?.Replace('_', ' ') + (incident.Precautionary ? "; first, as a precaution: people are harmed, and nothing speaks against it" : "")),
            ("done", incident.Done()),
            ("after it", incident.Recovery is { } after ? $"{(after.Helped ? "it helped" : "it did NOT help")}: {after.Because}" : null),
            ("one part at a time", incident.InPartsOf()),
            ("do first", incident.Mitigation?.First),
            ("by hand", incident.Mitigation?.Command(incident)),
            ("then", incident.Mitigation?.Second),
            ("expect", incident.Mitigation?.Expected),
            ("to know more", incident.NextAction),
            ("brought along", incident.Inputs),
            ("pattern", Numbers(incident.Pattern?.Select(p => (p.Key, (double?)p.Value)), "0.000")),
            ("components", string.Join(", ", incident.Components)),
            ("reason", incident.Reason),
            ("timeline", Numbers(incident.SegmentsMs?.Select(s => (s.Key.Replace('_', ' ') + " ms", s.Value)), "0")),
            ("requests", incident.RequestsToDetect is { } requests ? $"{requests} until detected" : null),
            ("samples", incident.Samples),
            ("acknowledged", incident.AcknowledgedBy),
            ("assigned to", incident.AssignedTo),
            ("learnt", incident.GateId));
        foreach (var finding in incident.Findings)
        {
            screen.Line(finding);
        }

        screen.Table(
            incident.Suspects,
            "Nobody is suspected yet.",
            ("suspect", s => s.Suspect),
            ("probability", s => s.Probability.ToString("P0", CultureInfo.InvariantCulture)),
            ("because", s => s.Because));
        if (incident.Changes.Length > 0)
        {
            screen.Table(
                incident.Changes,
                "",
                ("changed", c => c.Alert is { } alert ? $"alert {alert}" : string.Join(", ", c.Parts)),
                ("when", c => Screen.Time(c.At)),
                ("what", c => c.What));
        }

        foreach (var done in incident.Containments)
        {
            screen.Line($"{Screen.Time(done.At)} {done.By}: {done.Words}. {(done.Helped is { } helped ? (helped ? "It helped" : "It did not help") : "Not known yet whether it helps")}: {done.Because}");
        }

        foreach (var comment in incident.Comments)
        {
            screen.Line($"{Screen.Time(comment.At)} {comment.By}: {comment.Text}");
        }

        if (incident.Differences.Length > 0)
        {
            screen.Differences(incident.Differences);
        }

        var isOver = incident.Status is "resolved" or "learned";
        if (!isOver && incident is { Inputs: null, Precautionary: false, Rollback: not "helps" } && incident.Mitigation?.Command(incident) is { } command)
        {
            screen.Next(command);
        }
        else if (!isOver && incident.Timeline?.Swapped is null && (incident.Rollback == "helps" || incident.Precautionary || incident.Cause is not null))
        {
            screen.Next($"backstop incident mitigate {incident.Id}");
        }
        else if (incident is { GateId: null } && (incident.ReleaseToBlame == true || incident.Containments is [.., { Helped: true }]))
        {
            screen.Next($"backstop incident learn {incident.Id}");
        }
    }

    private static Verb Learn()
    {
        var verb = Remote.Verb(
            "learn",
            "Write a gate from an incident's failing cases, and prove that it stops the bad release and passes the good one; or a monitor, where no release is to blame.",
            [Id],
            (parse, client, cancel) => client.Learn(parse.GetRequiredValue(Id), cancel),
            Learnt);
        verb.Examples = ["backstop incident learn INC-2026-001", "backstop incident learn INC-2026-001 --json"];
        return verb;
    }

    private static void Learnt(GateProof gate, Screen screen)
    {
        if (gate.Monitor is { } monitor)
        {
            screen.Facts(("monitor", monitor.MonitorId), ("state", monitor.State), ("rule", monitor.Words));
            screen.Next($"backstop monitor show {monitor.MonitorId}");
            return;
        }

        screen.Facts(
            ("gate", gate.GateId),
            ("stops the bad release", Proof(gate.BlocksBad, gate.Bad)),
            ("passes the good release", Proof(gate.PassesGood, gate.Good)),
            ("fails at more than", gate.FailIfMoreThan));
        screen.Next($"backstop gate show {gate.GateId}");
    }

    private static string Blame(bool? toBlame) => toBlame switch
    {
        true => "yes",
        false => "no",
        null => "unknown",
    };

    private static string Proof(bool? holds, GateResult? result) =>
        (holds == true ? "yes" : "NO") + (result is null ? "" : $" ({result.Failures} of {result.Runs} runs failed)");

    private static string? Numbers(IEnumerable<(string Name, double? Value)>? numbers, string format) =>
        numbers is null ? null : string.Join(", ", numbers.Where(n => n.Value is not null).Select(n => $"{n.Name} {n.Value!.Value.ToString(format)}"));
}
