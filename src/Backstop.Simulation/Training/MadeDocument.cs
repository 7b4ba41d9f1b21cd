using System.Globalization;

namespace Backstop.Simulation.Training;

/// <summary>Documents made of a text's words: prose as it is, tables and messages.</summary>
internal static class MadeDocument
{
    private static readonly string[] Months =
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

    /// <summary>Lines, or sentences, and what stands between them.</summary>
    /// <param name="others">Rows for a second document in the same text, now and then.</param>
    public static (List<string> Lines, string Separator) Of(string text, List<TrainingRow> others, System.Random random)
    {
        if (random.Next(3) == 0)
        {
            text += "\n" + others[random.Next(others.Count)].Text;
        }

        return random.Next(5) switch
        {
            0 => (Table(text, random), "\n"),
            1 => (Mail(text, random), "\n"),
            2 => (Sentences(text), "\n"),
            _ => (Sentences(text), " "),
        };
    }

    private static List<string> Sentences(string text)
    {
        var lines = new List<string>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var from = 0;
            for (var at = line.IndexOf(". ", StringComparison.Ordinal); at >= 0; at = line.IndexOf(". ", from, StringComparison.Ordinal))
            {
                lines.Add(line[from..(at + 1)]);
                from = at + 2;
            }

            lines.Add(line[from..]);
        }

        return lines;
    }

    private static List<string> Table(string text, System.Random random)
    {
        var words = WordsOf([text]);
        var (columns, separator) = (random.Next(3, 7), random.Next(4) switch { 0 => ",", 1 => "\t", _ => " | " });
        var rows = new List<string[]>();
        for (var row = random.Next(4, 14); row > 0; row--)
        {
            rows.Add([.. Enumerable.Range(0, columns).Select(column => (column + rows.Count) % 3 == 1 && rows.Count > 0 ? Value(random) : Cell(words, random))]);
        }

        // Tables that people read are often aligned.
        var widths = separator == " | " && random.Next(2) == 0
            ? [.. Enumerable.Range(0, columns).Select(column => rows.Max(row => row[column].Length))]
            : new int[columns];
        return [.. rows.Select(row => string.Join(separator, row.Select((cell, column) => cell.PadRight(widths[column])))).Select(line => separator == " | " ? $"| {line} |" : line)];
    }

    private static string Value(System.Random random)
    {
        var number = random.Next(1, 3000).ToString(CultureInfo.InvariantCulture);
        return random.Next(6) switch
        {
            0 => $"{random.Next(1, 29)} {Months[random.Next(Months.Length)]} {random.Next(1950, 2030)}",
            1 => $"{number} ({random.Next(1, 10)})",
            2 => $"{random.Next(1, 60)}:{random.Next(10, 60)}.{random.Next(10)}",
            _ => number,
        };
    }

    private static string Cell(List<string> words, System.Random random)
    {
        var word = words[random.Next(words.Count)];
        return random.Next(3) == 0 ? $"{Capital(word)} {words[random.Next(words.Count)]}" : Capital(word);
    }

    private static List<string> Mail(string text, System.Random random)
    {
        var words = WordsOf([text]);
        List<string> lines =
        [
            $"Subject: {Capital(words[random.Next(words.Count)])} {words[random.Next(words.Count)]} {words[random.Next(words.Count)]}",
            $"From: {Capital(words[random.Next(words.Count)])} <{words[random.Next(words.Count)]}@example.com>",
            random.Next(2) == 0 ? "Hi," : "Dear all,",
            .. Sentences(text),
            random.Next(2) == 0 ? "Best regards" : "Thanks",
            Capital(words[random.Next(words.Count)]),
        ];
        return lines;
    }

    /// <summary>Longer words of a document, for a question about it; never none.</summary>
    public static List<string> WordsOf(IEnumerable<string> lines)
    {
        var words = lines.SelectMany(line => line.Split(' ', '\n', '\t', '|', ',', '.', '(', ')', '"', ';', ':', '[', ']', '{', '}', '='))
            .Where(word => word.Length is >= 5 and <= 14 && word.All(char.IsAsciiLetter)).Select(word => word.ToLowerInvariant()).Distinct(StringComparer.Ordinal).ToList();
        return words.Count == 0 ? ["value"] : words;
    }

    private static string Capital(string word) => char.ToUpperInvariant(word[0]) + word[1..];
}
