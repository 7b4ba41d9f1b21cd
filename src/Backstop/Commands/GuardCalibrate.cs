using System.CommandLine;
using System.Globalization;
using Backstop.CommandLine;
using Backstop.Core.Guards.Checks;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Training;

namespace Backstop.Commands;

/// <summary><c>backstop guard calibrate</c>: a threshold for one tenant, from samples that people have reviewed.</summary>
internal static class GuardCalibrate
{
    private static readonly string[] Scored = [InjectionCheck.Name, ToxicityCheck.Name];

    public static Command Create()
    {
        var data = new Option<FileInfo>("--data") { Description = "Reviewed samples, JSON lines: 'text', and 'label' 1 where the check should flag it, else 0.", Required = true };
        var check = new Option<string>("--check") { Description = $"The check: {string.Join(" or ", Scored)}.", Required = true };
        check.AcceptOnlyFromAmong(Scored);
        var rate = new Option<double>("--fpr") { Description = "Share of harmless texts that may be flagged, 0.00001 to 0.5.", DefaultValueFactory = _ => 0.01 };
        rate.Between(1e-5, 0.5);
        var policy = GuardCommand.PolicyOption();
        policy.Description = "The policy in force, whose threshold is compared. The check's own threshold otherwise.";
        var json = Verb.JsonOption();
        var verb = new Verb("calibrate", "Find a check's threshold for your own texts from samples that people have reviewed. Exit code 1 when they are too few.")
        {
            Examples =
            [
                "backstop guard calibrate --data reviewed.jsonl --check toxicity",
                "backstop guard calibrate --data reviewed.jsonl --check injection --fpr 0.002 --policy policy.yaml --json",
            ],
        };
        foreach (var option in (Option[])[data, check, rate, policy, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(line =>
        {
            var (use, streaming) = GuardCommand.UseOf(line.GetValue(check)!, line.GetValue(policy));
            var progress = new ProgressLine(line.InvocationConfiguration.Error, $"{use.Id} on {line.GetValue(data)!.Name}");
            var figures = Calibration.Run(use, streaming, GuardCommand.Texts(line.GetValue(data)!), line.GetValue(rate), progress.Report);
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(figures);
            }
            else
            {
                Explain(output, figures);
            }

            return figures.Threshold is null ? ExitCode.No : ExitCode.Ok;
        });
        return verb;
    }

    private static void Explain(TextWriter output, CalibrationFigures figures)
    {
        output.WriteLine($"{figures.Harmless} harmless and {figures.Harmful} harmful samples");
        output.WriteLine($"  now       flags {Show(figures.Present.FalsePositiveRate)} of the harmless, catches {Show(figures.Present.Recall)} of the harmful");
        if (figures is { Threshold: { } threshold, Proposed: { } proposed })
        {
            output.WriteLine($"  proposed  flags {Show(proposed.FalsePositiveRate)} of the harmless, catches {Show(proposed.Recall)} of the harmful");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Write into the tenant's policy:  {{ use: {figures.Check}, threshold: {threshold:0.######} }}"));
        }
        else
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"A rate of {figures.Rate:0.#####} needs {Calibration.SamplesNeeded(figures.Rate)} harmless samples at least. Review more, or allow a higher --fpr."));
        }
    }

    private static string Show(Proportion? share) =>
        share is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{share.Value:0.00%} ({share.Lower:0.00%} to {share.Upper:0.00%})");
}
