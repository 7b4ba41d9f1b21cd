using System.Text.Json;

namespace Backstop.Simulation.Training;

/// <summary>One line of a data set that checks are measured on.</summary>
/// <param name="Positive">Whether the check must find something; null where the line does not say.</param>
/// <param name="Spans">What must be found where; null where the line does not say.</param>
public sealed record LabelledText(string Id, string Text, bool? Positive, IReadOnlyList<LabelledSpan>? Spans)
{
    private static readonly string[] TextNames = ["text", "prompt", "content", "input", "data", "comment", "full_text"];
    private static readonly string[] LabelNames = ["label", "labels", "is_toxic", "toxic", "is_attack", "expected"];
    private static readonly string[] SpanNames = ["spans", "entities", "annotations"];

    private static readonly string[] Yes = ["1", "1.0", "true", "yes", "positive", "unsafe", "toxic", "attack", "injection", "jailbreak", "harmful", "hateful", "malicious"];
    private static readonly string[] No = ["0", "0.0", "false", "no", "negative", "safe", "benign", "clean", "harmless", "normal", "neutral", "non-hateful", "not toxic", "none"];

    /// <summary>Reads a file of JSON lines. Empty lines are skipped.</summary>
    /// <exception cref="FormatException">A line is not of the form; the message names it.</exception>
    public static IReadOnlyList<LabelledText> ReadFile(string path)
    {
        var (texts, number) = (new List<LabelledText>(), 0);
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                texts.Add(Read(line, number));
            }
        }

        return texts;
    }

    private static LabelledText Read(string line, int number)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var row = document.RootElement;
            if (row.ValueKind != JsonValueKind.Object)
            {
                throw new FormatException($"line {number}: is {Kind(row)}; write one JSON object a line, with a string 'text' and a 'label' of 0 or 1.");
            }

            var text = Member(row, TextNames);
            if (text.ValueKind != JsonValueKind.String)
            {
                throw new FormatException(text.ValueKind == JsonValueKind.Undefined
                    ? $"line {number}: has no 'text'; it has {string.Join(", ", row.EnumerateObject().Take(8).Select(member => $"'{member.Name}'"))}."
                    : $"line {number}: 'text' is {Kind(text)}; write a string.");
            }

            var content = text.GetString()!;
            var id = row.TryGetProperty("id", out var name) && name.ValueKind != JsonValueKind.Null ? name.ToString() : $"line {number}";
            var list = Member(row, SpanNames);
            IReadOnlyList<LabelledSpan>? spans = list.ValueKind == JsonValueKind.Array
                ? [.. list.EnumerateArray().Select(span => LabelledSpan.Read(span, content, number))]
                : null;
            return new LabelledText(id, content, LabelOf(Member(row, LabelNames), number) ?? (spans is null ? null : spans.Count > 0), spans);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A lone surrogate is valid JSON and no valid text.
            throw new FormatException($"line {number}: is not JSON text ({e.Message.TrimEnd('.')}).", e);
        }
    }

    private static JsonElement Member(JsonElement row, string[] names)
    {
        foreach (var name in names)
        {
            if (row.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                return value;
            }
        }

        return default;
    }

    private static bool? LabelOf(JsonElement label, int number) => label.ValueKind switch
    {
        JsonValueKind.Undefined => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number when label.TryGetDouble(out var value) && value is 0 or 1 => value == 1,
        JsonValueKind.String when Yes.Contains(label.GetString()!.Trim(), StringComparer.OrdinalIgnoreCase) => true,
        JsonValueKind.String when No.Contains(label.GetString()!.Trim(), StringComparer.OrdinalIgnoreCase) => false,
        _ => throw new FormatException($"line {number}: 'label' is {Shortened(label)}; write 1 for what must be caught, else 0."),
    };

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "an object",
        _ => Shortened(value),
    };

    internal static string Shortened(JsonElement value) => value.GetRawText() is { Length: > 80 } raw ? raw[..80] + "…" : value.GetRawText();
}
