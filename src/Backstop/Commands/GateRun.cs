using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Control.Gates;
using Backstop.Core.Gates;
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
    private static readonly Option<int> Timeout = new("--timeout") { Description = "Seconds to wait for an answer, 1 to 3600.", DefaultValueFactory = _ => 60 };

    public static Verb Create()
    {
        Concurrency.Between(1, 256);
        Timeout.Between(1, 3600);
        return Remote.Verb(
            "run",
            "Run a gate against a release. Exits with 0 when it passed, 1 when it failed, 3 when too many answers are missing to tell.",
            [Gate, Named, ReleaseOption, Against, Results, JUnit, Markdown, Concurrency, Rate, Timeout],
            (line, client, cancel) => Directory.Exists(line.GetRequiredValue(Gate)) ? OfFiles(line, client, cancel) : OfServer(line, client, cancel));
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
        var suite = await SuiteFolder.Read(line.GetRequiredValue(Gate), cancel);
        var release = await SuiteFolder.Release(ReleaseOf(line), client, cancel);
        var against = line.GetValue(Against) is { } name ? await SuiteFolder.Release(name, client, cancel) : null;
        using var runner = new SuiteRunner(
            new(line.GetValue(Concurrency), line.GetValue(Rate)), TimeSpan.FromSeconds(line.GetValue(Timeout)), TimeProvider.System);
        var now = await Run(runner, suite, release, line, cancel);
        ImmutableArray<RunCounts>? before = against is null ? null : await Run(runner, suite, against, line, cancel);
        var report = new SuiteReport(suite, release.Name, against?.Name, now, before is { } old ? PairedComparison.Of(now, old) : null);
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
        var (done, told, error) = (book.Known.Count, TimeProvider.System.GetTimestamp(), line.InvocationConfiguration.Error);
        try
        {
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
        catch (Exception e) when (e is MissingSecretException or Core.Prompts.PromptException)
        {
            throw CommandFailure.Usage(e.Message);
        }
    }

    private static async Task Write(FileInfo? file, string text, CancellationToken cancel)
    {
        if (file is not null)
        {
            await File.WriteAllTextAsync(file.FullName, text, cancel);
        }
    }
}
