using System.CommandLine;
using System.Globalization;
using Backstop.CommandLine;
using Backstop.Core.Evidence;
using Backstop.Simulation.Replay;

namespace Backstop.Commands;

/// <summary><c>backstop lab replay</c>: what the monitors would have said about recorded requests, and when.</summary>
internal static class LabReplay
{
    private const int ShownProblems = 20;
    private static readonly ReplayOptions Usual = new();

    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "One JSON object a line: t, unit, arm, outcome, and numbers (docs/lab.md)." };
        var share = new Option<double?>("--share") { Description = "The share that was planned for the candidate, such as 0.1, where lines do not say it." };
        var alpha = new Option<double>("--alpha")
        {
            Description = "Probability of a false rollback, all monitors together, 1e-9 to 0.1.", DefaultValueFactory = _ => Usual.Alpha,
        };
        var margin = new Option<double>("--signal-margin")
        {
            Description = "By what part of its value a signal may be worse, 0 to 1.", DefaultValueFactory = _ => Usual.SignalMargin,
        };
        var better = new Option<string[]>("--higher-is-better") { Description = "A signal of which more is better. What is called a score is so anyway." };
        var tested = new Option<string>("--tested") { Description = "The arm under suspicion, if it is not called candidate or canary." };
        var control = new Option<string>("--control") { Description = "The trusted arm, if it is not called baseline or control." };
        var json = Verb.JsonOption();
        Between(share, 0, 1);
        alpha.Validators.Add(result =>
        {
            if (result.GetValue(alpha) is not (>= 1e-9 and <= 0.1))
            {
                result.AddError("--alpha must be from 1e-9 to 0.1.");
            }
        });
        margin.Validators.Add(result =>
        {
            if (result.GetValue(margin) is not (>= 0 and <= 1))
            {
                result.AddError("--signal-margin must be from 0 to 1.");
            }
        });
        var verb = new Verb("replay", "Run recorded requests through the monitors: when each verdict changed, and why.")
        {
            Examples =
            [
                "backstop lab replay requests.jsonl",
                "backstop lab replay requests.jsonl --share 0.1 --json",
                "backstop lab replay promoted.jsonl --tested baseline --control holdback --share 0.95",
            ],
        };
        verb.Arguments.Add(file);
        foreach (var option in (Option[])[share, alpha, margin, better, tested, control, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(line =>
        {
            var recording = Read(line.GetValue(file)!, new(line.GetValue(tested), line.GetValue(control)));
            Tell(line.InvocationConfiguration.Error, recording);
            var report = Replayer.Run(recording, new()
            {
                Alpha = line.GetValue(alpha),
                Share = line.GetValue(share),
                SignalMargin = line.GetValue(margin),
                HigherIsBetter = [.. line.GetValue(better) ?? []],
            });
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(report);
            }
            else
            {
                Explain(output, report);
            }

            return report.Verdict is Verdict.Regressed or Verdict.BrokenExperiment ? ExitCode.No : ExitCode.Ok;
        });
        return verb;
    }

    private static Recording Read(FileInfo file, RecordingReader reader)
    {
        try
        {
            return reader.Read(File.ReadLines(file.FullName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"{file.Name} could not be read: {e.Message}", ExitCode.Usage, cause: e);
        }
    }

    private static void Tell(TextWriter errors, Recording recording)
    {
        foreach (var problem in recording.Problems.Take(ShownProblems))
        {
            errors.WriteLine($"line {problem.Line}: {problem.What}");
        }

        if (recording.Problems.Length > ShownProblems)
        {
            errors.WriteLine($"... and {recording.Problems.Length - ShownProblems} more lines that were left out");
        }

        // Half a file is no evidence: what was left out may be what was bad.
        if (recording.Problems.Length > recording.Requests.Length)
        {
            throw new CommandFailure(
                $"Of {recording.Problems.Length + recording.Requests.Length} lines {recording.Problems.Length} make no sense; nothing was judged.",
                ExitCode.Usage, "backstop lab replay --help");
        }
    }

    private static void Explain(TextWriter output, ReplayReport report)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Requests} requests, {report.Tested} of them the candidate's; {report.Judged} {report.Unit}s judged; alpha {report.Alpha}"
            + $"{(report.Share is { } share ? $"; planned share {share:0.####}{(report.ShareIsStated ? "" : " (nobody said so)")}" : "")}."));
        foreach (var note in report.Notes)
        {
            output.WriteLine($"  {note}.");
        }

        if (report.Duplicates + report.OutOfOrder + report.Problems.Length > 0)
        {
            output.WriteLine($"  {report.Duplicates} told twice, {report.OutOfOrder} out of order (sorted), {report.Problems.Length} left out.");
        }

        output.WriteLine();
        foreach (var change in report.Changes)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  t {change.T,12:0.###}  line {change.Line,7}  after {change.Judged,7}  {change.Verdict,-16}  {change.Monitor}: {change.Reason}"));
        }

        output.WriteLine();
        foreach (var monitor in report.Monitors)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"  {monitor.Name,-28}  evidence {monitor.LogE,8:0.0} of {monitor.LogThreshold:0.0} nats"));
        }

        output.WriteLine($"{report.Verdict}: {report.Reason}");
    }

    private static void Between(Option<double?> option, double above, double below) => option.Validators.Add(result =>
    {
        if (result.GetValue(option) is { } value && !(value > above && value < below))
        {
            result.AddError($"{option.Name} must be above {above} and below {below}; it is {value}.");
        }
    });
}
