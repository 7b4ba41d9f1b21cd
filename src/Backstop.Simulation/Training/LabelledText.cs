using System.Text.Json;

namespace Backstop.Simulation.Training;

/// <summary>One line of a data set that checks are measured on.</summary>
/// <param name="Positive">Whether the check must find something; null where the line does not say.</param>
/// <param name="Spans">What must be found where; null where the line does not say.</param>
public sealed record LabelledText(string Id, string Text, bool? Positive, IReadOnlyList<LabelledSpan>? Spans)
{
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
            if (row.ValueKind != JsonValueKind.Object || !row.TryGetProperty("text", out var text) || text.ValueKind != JsonValueKind.String)
            {
                throw new FormatException($"line {number}: needs an object with a string 'text'.");
            }

            var content = text.GetString()!;
            var id = row.TryGetProperty("id", out var name) ? name.ToString() : $"line {number}";
            IReadOnlyList<LabelledSpan>? spans = row.TryGetProperty("spans", out var list) && list.ValueKind == JsonValueKind.Array
                ? [.. list.EnumerateArray().Select(span => LabelledSpan.Read(span, content, number))]
                : null;
            return new LabelledText(id, content, LabelOf(row, number) ?? (spans is null ? null : spans.Count > 0), spans);
        }
        catch (JsonException e)
        {
            throw new FormatException($"line {number}: is not JSON ({e.Message})", e);
        }
    }

    private static bool? LabelOf(JsonElement row, int number)
    {
        if (!row.TryGetProperty("label", out var label) || label.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return label.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number when label.TryGetDouble(out var value) && value is 0 or 1 => value == 1,
            _ => throw new FormatException($"line {number}: 'label' is {label.GetRawText()}; write 1 for what must be caught, else 0."),
        };
    }
}

/// <summary>What must be found where.</summary>
/// <param name="Start">First character, as .NET counts them.</param>
/// <param name="End">After the last character.</param>
public readonly record struct LabelledSpan(int Start, int End, string Type)
{
    /// <summary>Reads <c>[start, end, "TYPE"]</c> or an object with these names. Data sets count code points.</summary>
    public static LabelledSpan Read(JsonElement span, string text, int number)
    {
        var array = span.ValueKind == JsonValueKind.Array && span.GetArrayLength() >= 3;
        var (start, end, type) = (Part("start", 0), Part("end", 1), Part("type", 2));
        if (!start.TryGetInt32(out var from) || !end.TryGetInt32(out var to) || from < 0 || to < from || type.ValueKind != JsonValueKind.String)
        {
            throw Malformed();
        }

        return new LabelledSpan(PositionOf(text, from), PositionOf(text, to), type.GetString()!);

        JsonElement Part(string name, int index) =>
            array ? span[index]
            : span.ValueKind == JsonValueKind.Object && span.TryGetProperty(name, out var part)
                && part.ValueKind is JsonValueKind.Number or JsonValueKind.String ? part
            : throw Malformed();

        FormatException Malformed() =>
            new($"line {number}: a span is {span.GetRawText()}; write [start, end, \"TYPE\"] or an object with start, end and type.");
    }

    private static int PositionOf(string text, int codePoint)
    {
        var position = 0;
        for (; codePoint > 0 && position < text.Length; codePoint--)
        {
            position += char.IsHighSurrogate(text[position]) && position + 1 < text.Length ? 2 : 1;
        }

        return position;
    }
}
