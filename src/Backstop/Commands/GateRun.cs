using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Control.Gates;
using Backstop.Control.Gates.Outside;
using Backstop.Core.Gates;
using Backstop.Core.Gates.Outside;
using Backstop.Core.Registry;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary><c>backstop gate run</c>: a gate of the server by its id, or a suite of files by its folder.</summary>
internal static class GateRun
{
    private static readonly Argument<string> Gate = new("gate") { Description = "Id of a gate of the server, or a folder with gate.yaml and its cases." };
    private static readonly Argument<string?> Named = new("release") { Description = "The release to test.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> ReleaseOption = new("--release") { Description = "The same: a registered release, or a manifest file when the gate is a folder." };
    private static readonly Option<string?> Against = new("--against") { Description = "A release to compare with, case by case: to be worse than it fails too." };
    private static readonly Option<FileInfo?> Results = new("--results") { Description = "Keep every outcome in this file; the same command goes on where a broken run ended." };
    private static readonly Option<FileInfo?> JUnit = new("--junit") { Description = "Write JUnit XML here." };
    private static readonly Option<FileInfo?> Markdown = new("--markdown") { Description = "Write a summary in Markdown here." };
    private static readonly Option<int> Concurrency = new("--concurrency") { Description = "Answers asked for at one time, 1 to 256.", DefaultValueFactory = _ => 8 };
    private static readonly Option<double?> Rate = new("--rate") { Description = "Most requests a second." };
    private static readonly Option<bool> Record = new("--record") { Description = "Keep the result on the server, as evidence on the registered release; promotion may require it." };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Ask nothing: say how many answers it costs, and how probable both errors are." };
    private static readonly Option<int> Timeout = new("--timeout") { Description = "Seconds to wait for an answer, 1 to 3600.", DefaultValueFactory = _ => 60 };

    public static Verb Create()
    {
        Concurrency.Between(1, 256);
        Timeout.Between(1, 3600);
        return Remote.Verb(
            "run",
            "Run a gate against a release. Exits with 0 when it passed, 1 when it failed, 3 when too many answers are missing to tell.",
            [Gate, Named, ReleaseOption, Against, Results, JUnit, Markdown, Concurrency, Rate, Timeout, Record, DryRun],
            (line, client, cancel) => Directory.Exists(line.GetRequiredValue(Gate)) ? OfFiles(line, client, cancel) : OfServer(line, client, cancel),
            "backstop gate run gates/refunds --dry-run",
            "backstop gate run gates/refunds --release v8.yaml --against v7.yaml --junit junit.xml --markdown summary.md",
            "backstop gate run gates/refunds --release v8 --record",
            "backstop gate run INC-2026-014 v8");
    }

    private static string ReleaseOf(ParseResult line) => line.GetValue(ReleaseOption) ?? line.GetValue(Named)
        ?? throw CommandFailure.Usage("Which release? Name it: backstop gate run GATE --release RELEASE.");

    private static async Task<int> OfServer(ParseResult line, ControlClient client, CancellationToken cancel)
    {
        var reply = await client.RunGate(line.GetRequiredValue(Gate), ReleaseOf(line), cancel);
        if (Remote.WantsJson(line))
        {
            using var document = JsonDocument.Parse(reply.Text);
            line.InvocationConfiguration.Output.WriteJson(document.RootElement);
        }
        else
        {
            new Screen(AnsiConsole.Console).Facts(
                ("passed", reply.Body.Passed), ("failures", $"{reply.Body.Failures} of {reply.Body.Runs} runs"), ("reason", reply.Body.Reason));
        }

        return reply.Body.Passed == true ? ExitCode.Ok : ExitCode.No;
    }

    private static async Task<int> OfFiles(ParseResult line, ControlClient client, CancellationToken cancel)
    {
        var folder = line.GetRequiredValue(Gate);
        var suite = await SuiteFolder.Read(folder, cancel);
        if (line.GetValue(DryRun))
        {
            Remote.Print(line, PlanOf(suite), (_, screen) => screen.Line(Foretold(suite)));
            return ExitCode.Ok;
        }

        var release = await SuiteFolder.Release(ReleaseOf(line), client, cancel);
        var against = line.GetValue(Against) is { } name ? await SuiteFolder.Release(name, client, cancel) : null;
        await line.InvocationConfiguration.Error.WriteLineAsync(Foretold(suite));
        using var outside = new OutsideScorers(folder, line.GetValue(Concurrency));
        using var runner = new SuiteRunner(
            new(line.GetValue(Concurrency), line.GetValue(Rate)), TimeSpan.FromSeconds(line.GetValue(Timeout)), outside, TimeProvider.System);
        try
        {
            var judges = await Calibrated(outside, suite, cancel);
            var now = await Run(runner, suite, release, line, cancel);
            ImmutableArray<RunCounts>? before = against is null ? null : await Run(runner, suite, against, line, cancel);
            var report = new SuiteReport(suite, release.Name, against?.Name, now, before is { } old ? PairedComparison.Of(now, old) : null) { Judges = judges };
            var code = await Tell(report, line, cancel);
            if (line.GetValue(Record))
            {
                await client.RecordGate(release.Digest, report.ToEvidence(release.Digest, against?.Digest), cancel);
            }

            return code;
        }
        catch (Exception e) when (e is MissingSecretException or Core.Prompts.PromptException)
        {
            throw CommandFailure.Usage(e.Message);
        }
    }

    // A judge that people cannot trust is found out before anything is asked of the release.
    private static async Task<ImmutableArray<JudgeAgreement>> Calibrated(OutsideScorers outside, Suite suite, CancellationToken cancel)
    {
        var judges = await outside.Calibrate(suite, cancel);
        return judges.FirstOrDefault(j => !j.Holds) is { } doubtful
            ? throw new CommandFailure($"The judge does not agree with its anchors well enough to judge a release. {doubtful.Words}. Mend the rubric, pin a better model, or write more anchors.", ExitCode.Unreachable)
            : judges;
    }

    private static string Foretold(Suite suite) =>
        $"{suite.Id}: {suite.Cases.Length} cases, {suite.Samples} {(suite.Samples == 1 ? "answer" : "answers")} each; {suite.Rule.Words}.{(suite.Rule.Doubt is { } doubt ? $" {doubt}" : "")}";

    private static object PlanOf(Suite suite) => new
    {
        Suite = suite.Id,
        SuiteDigest = suite.Digest,
        Cases = suite.Cases.Length,
        suite.Samples,
        suite.Runs,
        suite.Rule.FailIfMoreThan,
        suite.Rule.Power,
        suite.Rule.FalseBlock,
        suite.Rule.Catches,
        suite.Rule.Forgives,
        suite.Rule.Doubt,
    };

    private static async Task<int> Tell(SuiteReport report, ParseResult line, CancellationToken cancel)
    {
        await Write(line.GetValue(JUnit), report.ToJUnit(), cancel);
        await Write(line.GetValue(Markdown), report.ToMarkdown(), cancel);
        if (Remote.WantsJson(line))
        {
            line.InvocationConfiguration.Output.WriteJson(report.ToJson());
        }
        else
        {
            line.InvocationConfiguration.Output.Write(report.ToMarkdown());
        }

        return report.Verdict switch { GateVerdict.Passed => ExitCode.Ok, GateVerdict.Failed => ExitCode.No, _ => ExitCode.Unreachable };
    }

    private static async Task<ImmutableArray<RunCounts>> Run(SuiteRunner runner, Suite suite, Release release, ParseResult line, CancellationToken cancel)
    {
        using var book = ResultBook.Open(line.GetValue(Results), suite, release);
        var (done, told, error) = (book.Known.Values.Count(o => o is not RunOutcome.Unknown), TimeProvider.System.GetTimestamp(), line.InvocationConfiguration.Error);
        return await runner.Run(suite, release, book.Known, (id, sample, outcome) =>
        {
            lock (book)
            {
                book.Add(id, sample, outcome);
                done++;
                if (TimeProvider.System.GetElapsedTime(told) >= TimeSpan.FromSeconds(2))
                {
                    told = TimeProvider.System.GetTimestamp();
                    error.WriteLine($"{release.Name}: {done} of {suite.Runs} answers");
                }
            }
        }, cancel);
    }

    private static async Task Write(FileInfo? file, string text, CancellationToken cancel)
    {
        if (file is not null)
        {
            await File.WriteAllTextAsync(file.FullName, text, cancel);
        }
    }
}
