using System.Globalization;
using Backstop.Simulation.Rings;
using ScottPlot;

namespace Backstop.Plots;

/// <summary>Escape probability over the number of checks: by formula, multiplied, and counted.</summary>
internal static class RingPlot
{
    private const int Width = 900;
    private const int Height = 560;
    private const double Least = 1e-6;

    /// <summary>Draws the formula and, for each set of texts, the product of the measured miss rates beside what did escape.</summary>
    public static void Save(FileInfo file, IReadOnlyList<double> formula, IReadOnlyList<(string Set, RingEscapes Escapes)> counted)
    {
        var figure = new Plot();
        figure.Title("What escapes a ring of checks", 14);
        figure.XLabel("checks");
        figure.YLabel("share of harmful texts that escape");
        Line(figure, formula, 0, 1, "formula, independent checks");
        foreach (var (n, (set, escapes)) in counted.Index())
        {
            Line(figure, [.. escapes.Steps.Select(step => step.Product)], n + 1, 1, $"{set}, miss rates multiplied (thin)");
            Line(figure, [.. escapes.Steps.Select(step => step.Escapes?.Value ?? 0)], n + 1, 3, $"{set}, counted");
        }

        var lowest = (int)Math.Floor(Math.Log10(Math.Max(Least, formula.Concat(counted.SelectMany(set => set.Escapes.Steps).Select(step => step.Product)).Min())));
        PlotFile.Logarithmic(figure.Axes.Left, lowest, 0, power => Math.Pow(10, power).ToString("0.######%", CultureInfo.InvariantCulture));
        figure.Axes.SetLimitsY(lowest, 0.1);
        figure.ShowLegend(Edge.Right);
        PlotFile.Save(file, figure, Width, Height);
    }

    private static void Line(Plot figure, IReadOnlyList<double> shares, int color, int width, string legend)
    {
        double[] checks = [.. shares.Select((_, i) => i + 1.0)];
        var line = figure.Add.Scatter(checks, [.. shares.Select(share => Math.Log10(Math.Max(share, Least)))], PlotFile.ColorOf(color));
        (line.LineWidth, line.LegendText) = (width, legend);
    }
}
