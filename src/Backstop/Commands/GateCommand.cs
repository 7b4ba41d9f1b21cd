using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;
using GateState = Backstop.Core.Gates.GateState;

namespace Backstop.Commands;

/// <summary><c>backstop gate</c>: what a release must meet before anybody sees it.</summary>
internal static class GateCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "Id of the gate." };

    public static Verb Create() => new("gate", "See the gates that past incidents left, and run them and your own.")
    {
        List(), Show(), Set(), Dispute(), Matrix(), GateRun.Create(), Results(), GateImport.Create(),
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
            ("state", g => g.State),
            ("incident", g => g.IncidentId),
            ("answers", g => g.Runs?.ToString()),
            ("owner", g => g.Owner),
            ("review by", g => g.ReviewBy is { } day ? Screen.Time(day) : null)),
        "backstop gate list", "backstop gate list --json");

    private static Verb Show() => Remote.Verb(
        "show",
        "Show one gate.",
        [Id],
        (parse, client, cancel) => client.Gate(parse.GetRequiredValue(Id), cancel),
        (gate, screen) => screen.Facts(
            ("id", gate.Id),
            ("alias", gate.Alias),
            ("state", gate.State),
            ("incident", gate.IncidentId),
            ("cases", gate.Cases),
            ("fails at more than", $"{gate.FailIfMoreThan} of {gate.Runs} answers"),
            ("stops the bad release", gate.Certificate is { } proof ? Times([proof.Bad, .. proof.MoreBad], proof.BlocksBad) : null),
            ("passes the good", gate.Certificate is { } good ? $"{(good.PassesGood ? "yes" : "NO")}, {good.GoodPasses} runs passed" : null),
            ("variants of the fault", gate.Certificate is null ? null : string.Join("; ", gate.Certificate.Variants.Select(v => $"{v.Name}: {(v.Stopped switch { true => "stopped", false => "not stopped", null => "says nothing" })}"))),
            ("certificate", gate.Certificate is null ? "none" : gate.Certificate.Holds ? "holds" : "does NOT hold"),
            ("budget", gate.BudgetSeconds is { } seconds ? $"{seconds} s a run" : null),
            ("false blocks", string.Join("; ", gate.FalseBlocks.Select(b => $"{Screen.Time(b.At)} {b.By}: {b.Why}"))),
            ("owner", gate.Owner),
            ("review by", gate.ReviewBy is { } day ? Screen.Time(day) : null),
            ("created", gate.CreatedAt is { } at ? Screen.Time(at) : null)),
        "backstop gate show gate-INC-2026-001", "backstop gate show gate-INC-2026-001 --json");

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

    private static string Times(GateResult[] runs, bool all) => $"{(all ? "yes" : "NO")}, {string.Join(", ", runs.Select(r => r.Failures))} of {runs[0].Runs} failed";

    private static Verb Dispute()
    {
        var release = new Option<string>("--release") { Description = "The release that it stopped.", Required = true };
        var reason = new Option<string>("--reason") { Description = "Why that was wrong; it is kept in the journal.", Required = true };
        var verb = Remote.Verb(
            "dispute",
            "Say that a gate stopped a release that it should not have. At the second such release it is quarantined.",
            [Id, release, reason],
            (line, client, cancel) => client.DisputeGate(line.GetRequiredValue(Id), line.GetRequiredValue(release), line.GetRequiredValue(reason), cancel),
            (gate, screen) =>
            {
                screen.Facts(("id", gate.Id), ("state", gate.State), ("false blocks", gate.FalseBlocks.Length));
                if (gate.State == "quarantined")
                {
                    screen.Next($"backstop gate set {gate.Id} retired --reason … (or enforcing)");
                }
            });
        verb.Examples = ["backstop gate dispute gate-INC-2026-001 --release v9 --reason \"the price list was away, v9 is sound\""];
        return verb;
    }

    private static Verb Matrix()
    {
        var alias = new Argument<string>("alias") { Description = "Whose gates." };
        var verb = Remote.Verb(
            "matrix",
            "Ask every gate of an alias every release that was bad: which gate stops which, what that costs, and which could go.",
            [alias],
            (line, client, cancel) => client.GateMatrix(line.GetRequiredValue(alias), cancel),
            (matrix, screen) =>
            {
                screen.Table(
                    matrix.Gates,
                    "There is no gate: 'backstop incident learn ID' makes one from an incident.",
                    [
                        ("gate", row => row.Gate), ("state", row => row.State), ("answers", row => row.Answers.ToString()),
                        .. matrix.Releases.Select(release => ((string, Func<MatrixRow, string?>))(release, row => row.Verdicts.GetValueOrDefault(release) switch { "failed" => "stops", "passed" => "-", _ => "?" })),
                        ("only by it", row => string.Join(", ", row.OnlyBy)), ("owner", row => row.Owner), ("review by", row => Screen.Time(row.ReviewBy) + (row.Overdue ? " OVERDUE" : "")),
                    ]);
                screen.Facts(
                    ("a promotion costs", $"{matrix.Answers} answers"),
                    ("stops a good one", $"at most {matrix.FalseBlock:P2}"),
                    ("stopped by none", string.Join(", ", matrix.Unstopped)),
                    ("could be retired", string.Join(", ", matrix.Dispensable)));
            });
        verb.Examples = ["backstop gate matrix assistant:prod", "backstop gate matrix assistant:prod --json"];
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
            (gate, screen) => screen.Facts(("id", gate.Id), ("state", gate.State)),
            "backstop gate set gate-INC-2026-001 enforcing --reason \"a week in shadow\"");
    }
}
