using System.CommandLine;
using Backstop.CommandLine;
using ScottPlot;

namespace Backstop.Plots;

/// <summary>Writes figures as SVG or PNG, as the file's name asks.</summary>
internal static class PlotFile
{
    private static readonly string[] Palette = ["#1b6ca8", "#c8553d", "#588157", "#8e6c8a", "#e09f3e", "#4a4e69", "#6b9080", "#a44a3f"];

    /// <summary>The option that asks for a figure.</summary>
    public static Option<FileInfo> Option(string of)
    {
        var option = new Option<FileInfo>("--plot") { Description = $"Draw {of} into this file, .svg or .png." };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is { } file && file.Extension is not (".svg" or ".png"))
            {
                result.AddError($"--plot ends in .svg or .png; it is '{file.Name}'.");
            }
        });
        return option;
    }

    /// <summary>The colour of the n-th thing in a figure.</summary>
    public static Color ColorOf(int n) => Color.FromHex(Palette[n % Palette.Length]);

    /// <summary>Ticks at the powers of ten of an axis that holds logarithms.</summary>
    public static void Logarithmic(IAxis axis, int from, int to, Func<int, string> label)
    {
        int[] powers = [.. Enumerable.Range(from, to - from + 1)];
        axis.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. powers.Select(p => (double)p)], [.. powers.Select(label)]);
    }

    /// <summary>Saves a figure of so many pixels.</summary>
    public static void Save(FileInfo file, Plot figure, int width, int height)
    {
        try
        {
            _ = file.Extension == ".svg" ? figure.SaveSvg(file.FullName, width, height) : figure.SavePng(file.FullName, width, height);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"The figure could not be written: {e.Message}", cause: e);
        }
    }
}
