using System.Text.Json.Nodes;

namespace Backstop.Core.Guards.Remote;

/// <summary>Classification models behind Text Embeddings Inference or vLLM, such as Prompt Guard.</summary>
/// <remarks>
/// They read 512 tokens and not one more, so a text goes in overlapping pieces that are shorter than that in any language, and
/// the worst piece decides: what is hidden behind a long preface is seen.
/// </remarks>
internal static class Classifying
{
    private const int Piece = 1200;
    private const int Overlap = 150;

    private static readonly string[] Harmless = ["benign", "safe", "harmless", "label_0", "neutral", "normal", "ok", "not_toxic", "non-toxic", "negative"];

    public static bool IsHarmless(string label) => Harmless.Contains(label, StringComparer.OrdinalIgnoreCase);

    public static JsonObject Ask(RemoteQuestion question) => GuardExchange.GuardOf(question).Protocol == GuardProtocol.Tei
        ? new JsonObject { ["inputs"] = new JsonArray([.. Pieces(question.Text).Select(piece => (JsonNode)new JsonArray(piece))]), ["truncate"] = true }
        : GuardExchange.With(question, new JsonObject { ["input"] = new JsonArray([.. Pieces(question.Text).Select(piece => JsonValue.Create(piece))]) });

    /// <summary>For each piece a list of labels with their scores.</summary>
    public static IEnumerable<RemoteFlag> ReadTei(JsonNode answer) => Worst(answer.AsArray()
        .SelectMany(piece => piece is JsonArray labels ? labels.AsEnumerable() : [piece])
        .Select(label => new RemoteFlag((string)label.Part("label")!, (double)label.Part("score"))));

    /// <summary>For each piece the likeliest label and the probabilities of all.</summary>
    public static IEnumerable<RemoteFlag> ReadVllm(JsonNode answer) => Worst(answer.Part("data").AsArray()
        .Select(piece => new RemoteFlag((string)piece.Part("label")!, piece.Part("probs").AsArray().Max(probability => (double?)probability) ?? 1)));

    private static IEnumerable<RemoteFlag> Worst(IEnumerable<RemoteFlag> labels)
    {
        var all = labels.ToList();
        return all.Count == 0
            ? throw new FormatException("it judged nothing.")
            : all.Where(label => !IsHarmless(label.Category))
                .GroupBy(label => label.Category, StringComparer.Ordinal)
                .Select(group => new RemoteFlag(group.Key, group.Max(label => label.Score)));
    }

    private static IEnumerable<string> Pieces(string text)
    {
        for (var from = 0; ; from += Piece - Overlap)
        {
            var end = Math.Min(text.Length, from + Piece);
            yield return text[from..end];
            if (end == text.Length)
            {
                yield break;
            }
        }
    }
}
