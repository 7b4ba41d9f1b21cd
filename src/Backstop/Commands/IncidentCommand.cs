using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary><c>backstop incident</c>: what went wrong, who was to blame, and what was learnt.</summary>
internal static class IncidentCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "Id of the incident." };

    public static Verb Create() => new("incident", "See what went wrong, and make a gate of it.")
    {
        List(), Show(), Learn(), IncidentDiagnose.Create(),
    };

    private static Verb List()
    {
        var alias = new Option<string?>("--alias") { Description = "Only incidents of this alias." };
        return Remote.Verb(
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
                ("release", i => i.Release?.Name),
                ("to blame", i => Blame(i.ReleaseToBlame)),
                ("gate", i => i.GateId)));
    }

    private static Verb Show() => Remote.Verb(
        "show",
        "Show an incident: the measured timeline, the evidence and what changed.",
        [Id],
        (parse, client, cancel) => client.Incident(parse.GetRequiredValue(Id), cancel),
        (incident, screen) =>
        {
            screen.Facts(
                ("id", incident.Id),
                ("alias", incident.Alias),
                ("status", incident.Status),
                ("severity", incident.Severity),
                ("release", incident.Release?.Name),
                ("to blame", Blame(incident.ReleaseToBlame)),
                ("pattern", Numbers(incident.Pattern?.Select(p => (p.Key, (double?)p.Value)), "0.000")),
                ("components", string.Join(", ", incident.Components)),
                ("reason", incident.Reason),
                ("timeline", Numbers(incident.SegmentsMs?.Select(s => (s.Key.Replace('_', ' ') + " ms", s.Value)), "0")),
                ("requests", incident.RequestsToDetect is { } requests ? $"{requests} until detected" : null),
                ("samples", incident.Samples),
                ("gate", incident.GateId));
            if (incident.Differences.Length > 0)
            {
                screen.Differences(incident.Differences);
            }

            if (incident is { GateId: null, ReleaseToBlame: true })
            {
                screen.Next($"backstop incident learn {incident.Id}");
            }
        });

    private static Verb Learn() => Remote.Verb(
        "learn",
        "Write a gate from an incident's failing cases, and prove that it stops the bad release and passes the good one.",
        [Id],
        (parse, client, cancel) => client.Learn(parse.GetRequiredValue(Id), cancel),
        (gate, screen) =>
        {
            screen.Facts(
                ("gate", gate.GateId),
                ("stops the bad release", Proof(gate.BlocksBad, gate.Bad)),
                ("passes the good release", Proof(gate.PassesGood, gate.Good)),
                ("fails at more than", gate.FailIfMoreThan));
            screen.Next($"backstop gate show {gate.GateId}");
        });

    private static string Blame(bool? toBlame) => toBlame switch
    {
        true => "yes",
        false => "no",
        null => "unknown",
    };

    private static string Proof(bool holds, GateResult? result) =>
        (holds ? "yes" : "NO") + (result is null ? "" : $" ({result.Failures} of {result.Runs} runs failed)");

    private static string? Numbers(IEnumerable<(string Name, double? Value)>? numbers, string format) =>
        numbers is null ? null : string.Join(", ", numbers.Where(n => n.Value is not null).Select(n => $"{n.Name} {n.Value!.Value.ToString(format)}"));
}
