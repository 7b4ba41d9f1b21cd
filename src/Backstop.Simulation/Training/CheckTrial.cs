using System.Diagnostics;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks;

namespace Backstop.Simulation.Training;

/// <summary>Measures one check on labelled texts, as it runs inside the ring.</summary>
public static class CheckTrial
{
    /// <summary>Runs the check over every text twice: for its scores, then, warm, for its decisions and its time.</summary>
    /// <param name="use">The check with its settings and threshold.</param>
    /// <param name="progress">Told after every text which share of the work is done.</param>
    public static CheckFigures Run(CheckUse use, StreamingPolicy streaming, IReadOnlyList<LabelledText> texts, Action<double>? progress = null)
    {
        if (use.Use is RemoteCheck.Name or RemoteCheck.JudgeName)
        {
            throw new GuardPolicyException($"'{use.Use}' asks somebody outside, who is not measured here.");
        }

        var scorer = CheckCatalog.Create(use with { Threshold = 0 }, streaming, use.Id);
        var judge = CheckCatalog.Create(use, streaming, use.Id);
        var scores = new double[texts.Count];
        for (var i = 0; i < texts.Count; i++)
        {
            scores[i] = Scan(scorer, texts[i].Text).Select(finding => finding.Score).DefaultIfEmpty(0).Max();
            progress?.Invoke((i + 1) / (2.0 * texts.Count));
        }

        var micros = new double[texts.Count];
        var found = new IReadOnlyList<Finding>[texts.Count];
        for (var i = 0; i < texts.Count; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            found[i] = Scan(judge, texts[i].Text);
            micros[i] = Stopwatch.GetElapsedTime(begun).TotalMicroseconds;
            progress?.Invoke(0.5 + ((i + 1) / (2.0 * texts.Count)));
        }

        return CheckFigures.Of(texts, scores, found, micros);
    }

    /// <summary>What a check finds in a finished text.</summary>
    public static IReadOnlyList<Finding> Scan(ICheck check, string text)
    {
        var sink = new FindingSink(check.Descriptor.Name, 0);
        var context = new CheckContext(RingContext.None, check.Descriptor.Stages[0], Trust.User);
        check.Open(context).Scan(new ScanWindow(text, 0, 0, final: true), sink);
        return sink.Findings;
    }
}
