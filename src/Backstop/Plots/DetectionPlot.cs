using System.Collections.Immutable;
using System.Globalization;
using Backstop.Simulation.Detection;
using ScottPlot;

namespace Backstop.Plots;

/// <summary>A line for each rule: how soon it finds what is wrong, or how often it throws out what is right.</summary>
internal static class DetectionPlot
{
    private const int Width = 1000;
    private const int LineHeight = 22;

    /// <summary>Draws what the table holds; false rollbacks go into a file of their own when there are delays as well.</summary>
    public static void Save(FileInfo file, ImmutableArray<DetectionRow> rows)
    {
        DetectionRow[] found = [.. rows.Where(r => r is { ShouldFire: true, MeanDelay: not null })];
        DetectionRow[] thrown = [.. rows.Where(r => !r.ShouldFire)];
        if (found.Length > 0)
        {
            PlotFile.Save(file, Delays(found), Width, Height(found));
        }

        if (thrown.Length > 0)
        {
            var beside = new FileInfo(Path.Combine(file.DirectoryName!, $"{Path.GetFileNameWithoutExtension(file.Name)}-false{file.Extension}"));
            PlotFile.Save(found.Length > 0 ? beside : file, FalseRollbacks(thrown), Width, Height(thrown));
        }
    }

    private static Plot Delays(DetectionRow[] rows)
    {
        var figure = Lines(rows, "Requests until it fires: median to 99 %, mean (dot), bound (bar)");
        foreach (var (line, row) in rows.Index())
        {
            var color = ColorOf(row);
            Bar(figure, line, Math.Log10(row.P50!.Value), Math.Log10(row.P99!.Value), color);
            figure.Add.Marker(Math.Log10(row.MeanDelay!.Value), -line, MarkerShape.FilledCircle, 9, color);
            figure.Add.Marker(Math.Log10(row.Bound!.Value), -line, MarkerShape.VerticalBar, 14, Colors.Black);
        }

        PlotFile.Logarithmic(figure.Axes.Bottom, 0, 6, power => Math.Pow(10, power).ToString("#,0", CultureInfo.InvariantCulture));
        return figure;
    }

    private static Plot FalseRollbacks(DetectionRow[] rows)
    {
        // Below what so many repetitions can show, a rate of 0 is drawn at the left edge with its upper limit.
        var left = Math.Log10(0.1 / rows.Max(r => r.Fired.Trials));
        var figure = Lines(rows, "Probability of a false rollback, with its 95 % interval");
        foreach (var (line, row) in rows.Index())
        {
            Bar(figure, line, row.Fired.Lower > 0 ? Math.Log10(row.Fired.Lower) : left, Math.Log10(row.Fired.Upper), ColorOf(row));
            figure.Add.Marker(row.Fired.Hits > 0 ? Math.Log10(row.Fired.Value) : left, -line, MarkerShape.FilledCircle, 9, ColorOf(row));
        }

        PlotFile.Logarithmic(figure.Axes.Bottom, (int)Math.Floor(left), 0, power => $"1e{power}");
        return figure;
    }

    private static Plot Lines(DetectionRow[] rows, string title)
    {
        var figure = new Plot();
        figure.Title(title, 14);
        figure.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. rows.Select((_, line) => (double)-line)],
            [.. rows.Select((r, line) => line == 0 || rows[line - 1].Scenario != r.Scenario ? $"{r.Scenario}:  {r.Rule}" : r.Rule)]);
        figure.Axes.SetLimitsY(-rows.Length, 1);
        figure.Grid.MajorLineColor = Colors.Black.WithOpacity(0.08);
        return figure;
    }

    private static void Bar(Plot figure, int line, double from, double to, Color color)
    {
        var bar = figure.Add.Line(from, -line, to, -line);
        bar.Color = color;
        bar.LineWidth = 3;
    }

    private static Color ColorOf(DetectionRow row) => PlotFile.ColorOf(row.Rule.StartsWith("ours", StringComparison.Ordinal) ? 0 : 1);

    private static int Height(DetectionRow[] rows) => 120 + (LineHeight * rows.Length);
}
