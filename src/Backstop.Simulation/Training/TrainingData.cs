using System.Globalization;
using System.Text.Json;

namespace Backstop.Simulation.Training;

/// <summary>The folder of public data that the classifiers are trained on. It is not part of the repository.</summary>
public sealed class TrainingData(string folder)
{
    /// <summary>Reads one set, such as <c>toxicity/surge</c>.</summary>
    /// <exception cref="FileNotFoundException">The folder lacks the set.</exception>
    public IReadOnlyList<TrainingRow> Load(string name)
    {
        var file = Path.Combine(folder, name + ".jsonl");
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"The data folder {folder} lacks {name}.jsonl.", file);
        }

        return [.. File.ReadLines(file).Where(line => line.Length > 0).Select(line => Read(line, name))];
    }

    public IReadOnlyList<TrainingRow> Load(params IEnumerable<string> names) => [.. names.SelectMany(Load)];

    /// <summary>Reads a list of coarse words and phrases, comma-separated, each with a severity of 1 to 3; the mildest count least.</summary>
    /// <exception cref="FileNotFoundException">The folder lacks the list.</exception>
    public IEnumerable<TrainingRow> LoadWords(string name)
    {
        var file = Path.Combine(folder, name + ".csv");
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"The data folder {folder} lacks {name}.csv.", file);
        }

        return File.ReadLines(file)
            .Skip(1)
            .Select(line => line.Split(','))
            .Where(cells => cells[0].Length >= 3)
            .Select(cells => new TrainingRow($"{name}/{cells[0]}", cells[0], true, $"{name}/{cells[1]}", name)
            {
                Weight = double.Parse(cells[7], CultureInfo.InvariantCulture) / 6,
            });
    }

    /// <summary>Sentences made from a grammar of ours, half of them harmless.</summary>
    /// <param name="harmful">The part of the grammar that must be caught; the other is called <c>harmless</c>.</param>
    public static IEnumerable<TrainingRow> Make(string grammar, string harmful, int count, int seed)
    {
        var sentences = Grammar(grammar);
        var random = new System.Random(seed);
        for (var i = 0; i < count / 2; i++)
        {
            yield return new TrainingRow($"made-{i}", Sentence(harmful), true, $"made-{i}", Made);
            yield return new TrainingRow($"harmless-{i}", Sentence("harmless"), false, $"harmless-{i}", Made);
        }

        string Sentence(string part)
        {
            var sentence = sentences.Make(part, random);
            return random.Next(2) == 0 ? sentence : Contractions.Apply(sentence);
        }
    }

    /// <summary>One of the grammars that are compiled into the assembly.</summary>
    internal static SentenceGrammar Grammar(string name)
    {
        using var stream = typeof(TrainingData).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly lacks {name}.");
        using var reader = new StreamReader(stream);
        return SentenceGrammar.Parse(reader.ReadToEnd());
    }

    /// <summary>The source of rows that a grammar made.</summary>
    public const string Made = "made";

    private static TrainingRow Read(string line, string source)
    {
        using var document = JsonDocument.Parse(line);
        var row = document.RootElement;
        return new TrainingRow(
            Text("id"), Text("text"), row.GetProperty("label").GetInt32() == 1, Text("group"), source, Text("kind"), Text("lang"));

        string Text(string name) => row.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
    }
}
