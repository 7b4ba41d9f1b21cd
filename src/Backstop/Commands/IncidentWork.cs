using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Commands;

/// <summary>What people do to an incident: take it on, give it to somebody, grade it, say something, end it, tell what changed.</summary>
internal static class IncidentWork
{
    public static IEnumerable<Verb> All(Argument<string> id)
    {
        var to = new Argument<string>("who") { Description = "Who is to work on it." };
        var severity = new Argument<IncidentSeverity>("severity") { Description = "minor, major or severe." };
        var text = new Argument<string>("text") { Description = "What there is to say." };
        yield return Change("acknowledge", "Take an incident on.", [], "acknowledge", _ => new { }, "acknowledge INC-2026-001");
        yield return Change("assign", "Give an incident to somebody.", [to], "assign", line => new { to = line.GetRequiredValue(to) }, "assign INC-2026-001 ann");
        yield return Change("grade", "Say how bad it is; no later alarm changes that.", [severity], "severity", line => new { severity = SignatureTable.Snake(line.GetValue(severity)) }, "grade INC-2026-001 severe");
        yield return Change("comment", "Say something about an incident.", [text], "comments", line => new { text = line.GetRequiredValue(text) }, "comment INC-2026-001 \"the provider confirms it\"");
        yield return Change("mitigate", "Do what helps against the cause that is named: roll back, or put a rule in force at the gateways.", [], "mitigate", _ => new { }, "mitigate INC-2026-001");
        yield return Change("ablate", "Replay its captured requests with one changed part of the release at a time: tells model, prompt and guard apart.", [], "ablate", _ => new { }, "ablate INC-2026-001");
        yield return Change("resolve", "Say that an incident is over, where no rollback can show it.", [], "resolve", _ => new { }, "resolve INC-2026-001");
        yield return Postmortem(id);
        yield return Case(id);
        yield return Changed();

        Verb Change(string name, string description, Argument[] more, string what, Func<ParseResult, object> body, string example)
        {
            var verb = Remote.Verb(
                name, description, [id, .. more], (line, client, cancel) => client.ChangeIncident(line.GetRequiredValue(id), what, body(line), cancel), Print);
            verb.Examples = [$"backstop incident {example}", $"backstop incident {example} --json"];
            return verb;
        }
    }

    // What came of it; all of the incident is what 'show' is for.
    private static void Print(IncidentView incident, Screen screen)
    {
        screen.Facts(
            ("id", incident.Id),
            ("status", incident.Status),
            ("severity", incident.Severity),
            ("assigned to", incident.AssignedTo ?? incident.AcknowledgedBy),
            ("done", incident.Done()),
            ("suspect", incident.Suspects.FirstOrDefault() is { } first ? FormattableString.Invariant($"{first.Suspect} ({first.Probability:P0})") : null),
            ("one part at a time", incident.InPartsOf()),
            ("said", incident.Comments.LastOrDefault()?.Text));
        screen.Next($"backstop incident show {incident.Id}");
    }

    private static Verb Postmortem(Argument<string> id) => Remote.Verb(
        "postmortem",
        "Print the draft of a postmortem, Markdown: what was recorded and nothing else.",
        [id],
        async (line, client, cancel) =>
        {
            var markdown = await client.Postmortem(line.GetRequiredValue(id), cancel);
            var output = line.InvocationConfiguration.Output;
            if (Remote.WantsJson(line))
            {
                output.WriteJson(new { id = line.GetRequiredValue(id), markdown });
            }
            else
            {
                output.Write(markdown);
            }

            return ExitCode.Ok;
        },
        "backstop incident postmortem INC-2026-001 > POSTMORTEM.md");

    private static Verb Case(Argument<string> id) => Remote.Verb(
        "case",
        "Print what the diagnosis of an incident rests on, as a case that can be diagnosed anywhere: JSON.",
        [id],
        async (line, client, cancel) =>
        {
            line.InvocationConfiguration.Output.WriteJson((await client.Case(line.GetRequiredValue(id), cancel)).Body);
            return ExitCode.Ok;
        },
        "backstop incident case INC-2026-001 > case.json",
        "backstop incident case INC-2026-001 | backstop incident diagnose --case -");

    private static Verb Changed()
    {
        var parts = new Option<string[]>("--part") { Description = $"What was changed: {string.Join(", ", SignatureTable.Parts)}.", Required = true, AllowMultipleArgumentsPerToken = true };
        var what = new Argument<string>("what") { Description = "In words." };
        var alias = new Option<string?>("--alias") { Description = "The alias it concerns; all if absent." };
        var at = new Option<DateTimeOffset?>("--at") { Description = "When; now if absent." };
        var key = new Option<string?>("--id") { Description = "Your own name for it, so that it may be told twice." };
        var verb = Remote.Verb(
            "change",
            "Tell of a change outside the registry, such as a pipeline's run; open incidents are diagnosed with it at once.",
            [what, parts, alias, at, key],
            (line, client, cancel) => client.ReportChange(
                new { parts = line.GetValue(parts), what = line.GetRequiredValue(what), alias = line.GetValue(alias), at = line.GetValue(at), id = line.GetValue(key) }, cancel),
            (change, screen) => screen.Line($"{Screen.Time(change.At)} {string.Join(", ", change.Parts)}: {change.What}"));
        verb.Examples = ["backstop incident change \"pipeline run 5512\" --part features", "backstop incident change \"vendor notice 88\" --part provider --alias assistant:prod --at 2026-11-27T12:00Z"];
        return verb;
    }
}
