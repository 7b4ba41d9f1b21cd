using System.Text;

namespace Backstop.Simulation.Training;

/// <summary>Documents with a request in them, for training: one that does not belong there, or one of a user who shows the document.</summary>
/// <remarks>
/// Public data has few documents with planted requests, and a model that has seen only those knows their words and not their
/// form. Documents are harmless answers and comments of the data, see <see cref="MadeDocument"/>, and prose of <c>planted.grammar</c>;
/// requests are of the grammar, which also has what a user asks about a document.
/// </remarks>
public static class PlantedRequests
{
    /// <summary>The kind of rows that are made here.</summary>
    public const string Kind = "planted";

    /// <summary>The kind of requests by themselves.</summary>
    public const string Plain = "plain";

    /// <summary>The kind of documents by themselves.</summary>
    public const string Document = "document";

    /// <summary>The kind of long documents without a request.</summary>
    public const string Long = "long";

    /// <summary>Makes texts: half of them documents with a request that does not belong there; requests that do, and either alone.</summary>
    public static IEnumerable<TrainingRow> Make(TrainingData data, int count, int seed)
    {
        var grammar = TrainingData.Grammar("planted.grammar");
        var random = new System.Random(seed);
        var answers = data.Load("toxicity/benign-chat").Where(row => row.Kind == "benign_llm_output" && row.Text.Length >= 150).ToList();
        var comments = data.Load("toxicity/surge").Where(row => !row.Positive && row.Text.Length >= 80).ToList();
        for (var i = 0; i < count; i++)
        {
            var source = random.Next(10) < 6 ? answers[random.Next(answers.Count)] : comments[random.Next(comments.Count)];
            var (lines, separator) = random.Next(4) == 0
                ? (Prose(grammar, random.Next(3, 12), random), random.Next(2) == 0 ? " " : "\n")
                : MadeDocument.Of(source.Text, answers, random);
            var (words, form, request) = (MadeDocument.WordsOf(lines), i % 8, (string?)null);
            if (form < 6)
            {
                var (place, part) = form < 4
                    ? (random.Next(3), "planted")
                    : random.Next(4) < 3 ? (0, "before") : (1, random.Next(4) == 0 ? "before" : "after");
                request = Ended(Fill(grammar.Make(part, random), words, random), separator);
                lines.Insert(place switch { 0 => 0, 1 => lines.Count, _ => random.Next(lines.Count + 1) }, request);
            }
            else if (form == 6)
            {
                lines = [grammar.Make("plain", random)];
            }

            var kind = form switch { < 6 => Kind, 6 => Plain, _ => Document };
            yield return new TrainingRow($"planted-{i}", string.Join(separator, lines), form < 4, source.Group, TrainingData.Made, kind)
            {
                Culprit = form < 4 ? request : null,
            };
        }
    }

    // In a text without lines a sentence needs an end.
    private static string Ended(string request, string separator) =>
        separator == "\n" || request[^1] is '.' or '!' or '?' or ':' ? request : request + ".";

    /// <summary>Makes documents of up to eight thousand characters, a third of them with an attempt somewhere.</summary>
    public static IEnumerable<TrainingRow> MakeLong(TrainingData data, int count, int seed)
    {
        var (grammar, attacks) = (TrainingData.Grammar("planted.grammar"), TrainingData.Grammar("injection.grammar"));
        var random = new System.Random(seed);
        var answers = data.Load("toxicity/benign-chat").Where(row => row.Kind == "benign_llm_output").ToList();
        for (var i = 0; i < count; i++)
        {
            var answer = answers[random.Next(answers.Count)];
            var length = (int)Math.Exp(Math.Log(200) + (random.NextDouble() * Math.Log(40)));
            // The sentences of manuals, logs and forms come back again and again.
            var pool = random.Next(3) == 0 ? MadeDocument.Of(answer.Text, answers, random).Lines : Prose(grammar, random.Next(8, 40), random);
            var lines = new List<string>();
            for (var size = 0; size < length; size += lines[^1].Length + 1)
            {
                lines.Add(pool[random.Next(pool.Count)]);
            }

            var planted = i % 3 == 0;
            if (planted)
            {
                lines.Insert(random.Next(lines.Count + 1), Ended(attacks.Make("direct", random), " "));
            }

            yield return new TrainingRow(
                $"long-{i}", string.Join(random.Next(3) == 0 ? "\n" : " ", lines), planted, answer.Group, TrainingData.Made, planted ? Kind : Long);
        }
    }

    private static List<string> Prose(SentenceGrammar grammar, int count, System.Random random) =>
        [.. Enumerable.Range(0, count).Select(_ => grammar.Make("prose", random))];

    private static string Fill(string text, List<string> words, System.Random random)
    {
        var pieces = text.Split("@word");
        var filled = new StringBuilder(pieces[0]);
        foreach (var piece in pieces.AsSpan(1))
        {
            filled.Append(words[random.Next(words.Count)]).Append(piece);
        }

        return filled.ToString();
    }
}
