using Backstop.Deployments;
using ScottPlot;

namespace Backstop.Plots;

/// <summary>Time to recovery of each case: detection, and on top of it the rollback; a dot for every repetition.</summary>
internal static class DeployPlot
{
    private const int Width = 900;
    private const int Height = 560;

    /// <summary>Draws the means as bars and every repetition as a dot.</summary>
    public static void Save(FileInfo file, IReadOnlyList<DeployRun> runs)
    {
        var figure = new Plot();
        figure.Title("Time to recovery on an injected regression", 14);
        figure.YLabel("seconds from the injection; dots are repetitions");
        DeployCase[] cases = [.. runs.Select(r => r.Case).Distinct().Order()];
        foreach (var (place, story) in cases.Index())
        {
            DeployRun[] of = [.. runs.Where(r => r.Case == story)];
            var (detection, rollback) = (of.Average(r => r.Detection), of.Average(r => r.Rollback));
            Bar(figure, place, 0, detection, 0);
            Bar(figure, place, detection, detection + rollback, 1);
            figure.Add.ScatterPoints(Enumerable.Repeat((double)place, of.Length).ToArray(), of.Select(r => r.Recovery).ToArray(), PlotFile.ColorOf(5));
        }

        figure.Legend.ManualItems.Add(new() { LabelText = "detection", FillColor = PlotFile.ColorOf(0) });
        figure.Legend.ManualItems.Add(new() { LabelText = "rollback", FillColor = PlotFile.ColorOf(1) });
        figure.ShowLegend(Edge.Right);
        figure.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. cases.Select((_, place) => (double)place)], [.. cases.Select(Name)]);
        figure.Axes.SetLimitsY(0, runs.Max(r => r.Recovery) * 1.1);
        PlotFile.Save(file, figure, Width, Height);
    }

    private static string Name(DeployCase story) => story switch
    {
        DeployCase.Canary => "at 5 %",
        DeployCase.PromotedWarm => "promoted, previous warm",
        _ => "promoted, previous cold",
    };

    private static void Bar(Plot figure, double place, double from, double to, int color) =>
        figure.Add.Bar(new ScottPlot.Bar { Position = place, ValueBase = from, Value = to, FillColor = PlotFile.ColorOf(color), Size = 0.6 });
}
