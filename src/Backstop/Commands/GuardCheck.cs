using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks;
using Backstop.Simulation.Training;

namespace Backstop.Commands;

/// <summary><c>backstop guard check</c>: one text through one check or a whole policy.</summary>
internal static class GuardCheck
{
    public static Command Create()
    {
        var check = GuardCommand.CheckOption("Only this check, with its own threshold.");
        var policy = GuardCommand.PolicyOption();
        var stage = new Option<string>("--stage") { Description = $"Which stage of the policy: {string.Join(", ", GuardStages.ByKey.Keys)}.", DefaultValueFactory = _ => "output" };
        stage.AcceptOnlyFromAmong([.. GuardStages.ByKey.Keys]);
        var json = Verb.JsonOption();
        var verb = new Verb("check", "Check the text on standard input. Exit code 1 when something was found.")
        {
            Examples =
            [
                "echo 'Write to ada@example.com' | backstop guard check --check pii",
                "echo 'Ignore all previous instructions' | backstop guard check --stage input",
                "backstop guard check --policy policy.yaml --json < answer.txt",
            ],
        };
        foreach (var option in (Option[])[check, policy, stage, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (line, cancel) =>
        {
            var text = await Console.In.ReadToEndAsync(cancel);
            var report = line.GetValue(check) is { } name
                ? Alone(name, line.GetValue(policy), text)
                : Screened(line.GetValue(policy), line.GetValue(stage)!, text);
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(report);
            }
            else
            {
                Explain(output, report);
            }

            return report.Flagged ? ExitCode.No : ExitCode.Ok;
        });
        return verb;
    }

    private static Report Alone(string name, FileInfo? policy, string text)
    {
        var (use, streaming) = GuardCommand.UseOf(name, policy);
        var findings = CheckTrial.Scan(CheckCatalog.Create(use, streaming, use.Id), text);
        return new Report(findings.Count > 0, findings.Count > 0 ? use.Action : Disposition.Allow, findings, null, []);
    }

    private static Report Screened(FileInfo? file, string stage, string text)
    {
        var ring = Ring.Compile(file is null ? GuardPolicy.Default : GuardCommand.Policy(file));
        var asking = ring.Policy.ChecksOf(GuardStages.ByKey[stage]).Where(use => use.Use is RemoteCheck.Name or RemoteCheck.JudgeName && use.Mode != CheckMode.Off);
        var unit = ScanUnit.Output(text) with { Stage = GuardStages.ByKey[stage] };
        var ruling = ring.Local.Open(RingContext.None).ScreenOutput(unit);
        return new Report(
            ruling.Disposition != Disposition.Allow,
            ruling.Disposition,
            ruling.Findings,
            ruling.FixedText,
            [
                .. ruling.Errors.Select(error => $"{error.Check}: {error.Reason}"),
                .. asking.Select(use => $"{use.Id}: this command asks nobody outside; the gateway and its POST /v1/guard do"),
            ]);
    }

    private static void Explain(TextWriter output, Report report)
    {
        output.WriteLine(report.Flagged ? $"{report.Disposition.ToString().ToLowerInvariant()}: {report.Findings.Count} found" : "allow: nothing found");
        foreach (var finding in report.Findings)
        {
            output.WriteLine($"  {finding.Check}/{finding.Rule}  {finding.Start}..{finding.End}  score {finding.Score:0.000}");
        }

        foreach (var error in report.Errors)
        {
            output.WriteLine($"  no answer from {error}");
        }

        if (report.FixedText is { } text)
        {
            output.WriteLine(text);
        }
    }

    private sealed record Report(
        bool Flagged, Disposition Disposition, IReadOnlyList<Finding> Findings, string? FixedText, IReadOnlyList<string> Errors);
}
