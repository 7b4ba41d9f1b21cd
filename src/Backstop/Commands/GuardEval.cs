using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Simulation.Training;

namespace Backstop.Commands;

/// <summary><c>backstop guard eval</c>: one check on labelled texts.</summary>
internal static class GuardEval
{
    public static Command Create()
    {
        var data = new Option<FileInfo>("--data") { Description = "JSON lines: 'text', 'label' 0 or 1, perhaps 'id', and 'spans' of [start, end, \"TYPE\"] for PII.", Required = true };
        var check = GuardCommand.CheckOption("The check to measure.");
        check.Required = true;
        var policy = GuardCommand.PolicyOption();
        policy.Description = "Take the check's settings and threshold from this policy, YAML or JSON. The check's own otherwise.";
        var json = Verb.JsonOption();
        var verb = new Verb("eval", "Measure a check: how well it tells texts apart, what it flags at its threshold, how long it takes.")
        {
            Examples =
            [
                "backstop guard eval --data comments.jsonl --check toxicity --json",
                "backstop guard eval --data prompts.jsonl --check injection --policy policy.yaml",
                "backstop guard eval --data pii.jsonl --check pii --json",
            ],
        };
        foreach (var option in (Option[])[data, check, policy, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(line =>
        {
            var (use, streaming) = GuardCommand.UseOf(line.GetValue(check)!, line.GetValue(policy));
            var progress = new ProgressLine(line.InvocationConfiguration.Error, $"{use.Id} on {line.GetValue(data)!.Name}");
            var figures = CheckTrial.Run(use, streaming, GuardCommand.Texts(line.GetValue(data)!), progress.Report);
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(figures);
            }
            else
            {
                Explain(output, figures);
            }
        });
        return verb;
    }

    private static void Explain(TextWriter output, CheckFigures figures)
    {
        output.WriteLine($"{figures.N} texts, {figures.Positives} to catch");
        output.WriteLine($"  AUROC                  {Show(figures.Auroc)}");
        output.WriteLine($"  recall at FPR 1 %      {Show(figures.RecallAtOnePercent)}");
        output.WriteLine($"  recall at FPR 0.1 %    {Show(figures.RecallAtOnePerMille)}");
        output.WriteLine($"  at the threshold       precision {Show(figures.Precision)}  recall {Show(figures.Recall)}  F1 {Show(figures.F1)}");
        output.WriteLine($"  false-positive rate    {Show(figures.FalsePositiveRate)}");
        output.WriteLine($"  time                   p50 {figures.P50} us  p99 {figures.P99} us");
        foreach (var (type, spans) in figures.Spans ?? new Dictionary<string, SpanFigures>())
        {
            output.WriteLine($"  {type,-21}  precision {Show(spans.Precision)}  recall {Show(spans.Recall)}  F1 {Show(spans.F1)}");
        }

        if (figures.AllSpans is { } all)
        {
            output.WriteLine($"  {"types it knows",-21}  precision {Show(all.Precision)}  recall {Show(all.Recall)}  F1 {Show(all.F1)}");
        }
    }

    private static string Show(double? value) => value is { } number ? number.ToString("0.0000") : "-";
}
