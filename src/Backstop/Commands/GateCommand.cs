using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Core.Gates;

namespace Backstop.Commands;

/// <summary><c>backstop gate</c>: what a release must meet before anybody sees it.</summary>
internal static class GateCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "Id of the gate." };

    public static Verb Create() => new("gate", "See the gates that past incidents left, and run them and your own.")
    {
        List(), Show(), Set(), GateRun.Create(), Results(), GateImport.Create(),
    };

    private static Verb List() => Remote.Verb(
        "list",
        "List the gates.",
        [],
        (_, client, cancel) => client.Gates(cancel),
        (gates, screen) => screen.Table(
            gates,
            "There is no gate: 'backstop incident learn ID' makes one from an incident.",
            ("id", g => g.Id),
            ("alias", g => g.Alias),
            ("incident", g => g.IncidentId),
            ("cases", g => g.Cases?.ToString())));

    private static Verb Show() => Remote.Verb(
        "show",
        "Show one gate.",
        [Id],
        (parse, client, cancel) => client.Gate(parse.GetRequiredValue(Id), cancel),
        (gate, screen) => screen.Facts(
            ("id", gate.Id),
            ("alias", gate.Alias),
            ("incident", gate.IncidentId),
            ("cases", gate.Cases),
            ("fails at more than", gate.FailIfMoreThan),
            ("created", gate.CreatedAt is { } at ? Screen.Time(at) : null)));

    private static Verb Results()
    {
        var release = new Argument<string>("release") { Description = "Name or digest of the release." };
        var verb = Remote.Verb(
            "results",
            "Show what suites of files found about a release: the last result of each.",
            [release],
            (line, client, cancel) => client.GateResults(line.GetRequiredValue(release), cancel),
            (results, screen) => screen.Table(
                results,
                "No result is known: 'backstop gate run FOLDER --release RELEASE --record' adds one.",
                ("gate", r => r.Gate),
                ("verdict", r => r.Verdict),
                ("failed", r => $"{r.Failures} of {r.Runs}"),
                ("at", r => Screen.Time(r.At)),
                ("by", r => r.Actor),
                ("suite", r => Screen.Short(r.GateDigest))));
        verb.Examples = ["backstop gate results v8", "backstop gate results v8 --json"];
        return verb;
    }

    private static Verb Set()
    {
        var state = new Argument<GateState>("state") { Description = "draft, shadow (run, and stops nothing), enforcing, quarantined or retired." };
        var reason = new Option<string>("--reason") { Description = "Why; it is kept in the journal.", Required = true };
        return Remote.Verb(
            "set",
            "Say how far a gate may act. It can enforce only while its certificate holds.",
            [Id, state, reason],
            (line, client, cancel) => client.SetGate(line.GetRequiredValue(Id), line.GetValue(state), line.GetRequiredValue(reason), cancel),
            (gate, screen) => screen.Facts(("id", gate.Id), ("state", gate.State)));
    }
}
