using System.Collections.Immutable;
using System.Globalization;
using Backstop.Simulation.Recovery;
using ScottPlot;

namespace Backstop.Plots;

/// <summary>Recovery over the monitor's cadence, warm and cold, with the rules that look at every request as level lines.</summary>
internal static class RecoveryPlot
{
    private const int Width = 900;
    private const int Height = 560;

    /// <summary>Draws the table.</summary>
    public static void Save(FileInfo file, ImmutableArray<RecoveryRow> rows)
    {
        var figure = new Plot();
        figure.Title("Time to recovery, detection and rollback together", 14);
        figure.XLabel("seconds between two looks of the monitor");
        figure.YLabel("seconds from the promotion to recovery, mean and 95 % (thin)");
        foreach (var sweep in rows.Where(r => r.Cadence is not null).GroupBy(r => (r.Rule, r.Warm)))
        {
            RecoveryRow[] points = [.. sweep.OrderBy(r => r.Cadence)];
            double[] cadences = [.. points.Select(r => r.Cadence!.Value)];
            var color = PlotFile.ColorOf(sweep.Key.Warm ? 2 : 1);
            var mean = figure.Add.Scatter(cadences, points.Select(r => r.Recovery).ToArray(), color);
            mean.LineWidth = 3;
            mean.LegendText = $"{sweep.Key.Rule}, previous release {Warmth(sweep.Key.Warm)}";
            figure.Add.Scatter(cadences, points.Select(r => r.RecoveryP95).ToArray(), color.WithOpacity(0.5)).LineWidth = 1;
        }

        foreach (var (n, row) in rows.Where(r => r.Cadence is null).Index())
        {
            var level = figure.Add.HorizontalLine(row.Recovery, 2, PlotFile.ColorOf(3 + (n / 2)), row.Warm ? LinePattern.Solid : LinePattern.Dashed);
            level.LegendText = string.Create(CultureInfo.InvariantCulture, $"{row.Rule}, {Warmth(row.Warm)}: {row.Recovery:0} s");
        }

        figure.Axes.SetLimitsY(0, rows.Max(r => Math.Max(r.Recovery, r.Cadence is null ? 0 : r.RecoveryP95)) * 1.05);
        figure.ShowLegend(Edge.Right);
        PlotFile.Save(file, figure, Width, Height);
    }

    private static string Warmth(bool warm) => warm ? "warm" : "cold";
}
