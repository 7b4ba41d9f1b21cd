using System.Text.Json;
using Backstop.Client;
using Backstop.Core.Registry;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary>How answers look on a terminal: plain tables that also survive a pipe.</summary>
internal sealed class Screen(IAnsiConsole console)
{
    /// <summary>One line.</summary>
    public void Line(string text) => console.WriteLine(text);

    /// <summary>What to do next.</summary>
    public void Next(string command) => console.MarkupLineInterpolated($"[grey]next: {command}[/]");

    /// <summary>Rows under a heading, or <paramref name="whenEmpty"/> with what to do about it.</summary>
    public void Table<T>(IReadOnlyCollection<T> rows, string whenEmpty, params (string Heading, Func<T, string?> Cell)[] columns)
    {
        if (rows.Count == 0)
        {
            Line(whenEmpty);
            return;
        }

        var widths = columns.Select(c => Math.Max(c.Heading.Length, rows.Max(r => c.Cell(r)?.Length ?? 1))).ToArray();
        Line(Row(columns.Select(c => c.Heading.ToUpperInvariant()), widths));
        foreach (var row in rows)
        {
            Line(Row(columns.Select(c => c.Cell(row) ?? "-"), widths));
        }
    }

    /// <summary>Names and values below each other; values that are null are left out.</summary>
    public void Facts(params (string Name, object? Value)[] facts)
    {
        var known = facts.Where(f => f.Value is not (null or "")).ToArray();
        var width = known.Max(f => f.Name.Length);
        foreach (var (name, value) in known)
        {
            Line($"{name.PadRight(width)}  {value}");
        }
    }

    public void Differences(IReadOnlyCollection<DifferenceView> differences)
    {
        Table(
            differences,
            "There is no difference.",
            ("component", d => d.Component),
            ("path", d => d.Path),
            ("before", d => d.Lines.Length > 0 ? "below" : d.Before?.ToString()),
            ("after", d => d.Lines.Length > 0 ? "below" : d.After?.ToString()));
        foreach (var difference in differences.Where(d => d.Lines.Length > 0))
        {
            Line("");
            Line(difference.Path);
            Array.ForEach(difference.Lines, Line);
        }
    }

    /// <summary>Where something came from, an address as one that a terminal opens.</summary>
    public void Lineage(JsonElement lineage)
    {
        foreach (var link in LineageLink.Read(lineage).Links)
        {
            Line($"{link.What}: {link.Id}{(link.Url is { } url && url.OriginalString != link.Id ? $" {url}" : "")}");
        }
    }

    public void Journal(IReadOnlyCollection<JournalEntry> entries) => Table(
        entries,
        "The journal is empty.",
        ("at", e => Time(e.At)),
        ("alias", e => e.Alias),
        ("generation", e => e.Generation?.ToString()),
        ("what", e => e.Kind),
        ("by", e => e.Actor),
        ("why", e => e.Reason));

    /// <summary>The first characters of a digest: enough for a person to compare.</summary>
    public static string Short(string digest) => digest.Length > 12 ? digest[..12] : digest;

    public static string Percent(int basisPoints) => $"{basisPoints / 100.0:0.##} %";

    public static string Time(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'");

    public static string Span(TimeSpan time) => time.ToString(time.TotalDays >= 1 ? @"d\.hh\:mm\:ss" : @"hh\:mm\:ss");

    private static string Row(IEnumerable<string> cells, int[] widths) =>
        string.Join("  ", cells.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd();
}
