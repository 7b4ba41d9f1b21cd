using System.Text.Json;

namespace Backstop.Simulation.Training;

/// <summary>What must be found where.</summary>
/// <param name="Start">First character, as .NET counts them.</param>
/// <param name="End">After the last character.</param>
public readonly record struct LabelledSpan(int Start, int End, string Type)
{
    private static readonly string[] StartNames = ["start", "start_position", "start_offset", "begin", "offset"];
    private static readonly string[] EndNames = ["end", "end_position", "end_offset", "stop"];
    private static readonly string[] TypeNames = ["type", "entity_type", "label", "entity", "category", "entity_group"];

    /// <summary>
    /// Reads <c>[start, end, "TYPE"]</c>, or an object with these members or what other tools call them; a <c>length</c> may stand
    /// for the end. Data sets count code points.
    /// </summary>
    public static LabelledSpan Read(JsonElement span, string text, int number)
    {
        var array = span.ValueKind == JsonValueKind.Array && span.GetArrayLength() >= 3;
        var (start, type) = (Number(Part(StartNames, 0)), Part(TypeNames, 2));
        var end = Number(Part(EndNames, 1)) ?? start + Number(Part(["length"], -1));
        if (start is not { } from || end is not { } to || from < 0 || to < from || type.ValueKind != JsonValueKind.String)
        {
            throw new FormatException(
                $"line {number}: a span is {LabelledText.Shortened(span)}; write [start, end, \"TYPE\"] or an object with start, end and type.");
        }

        return new LabelledSpan(PositionOf(text, from), PositionOf(text, to), type.GetString()!);

        JsonElement Part(string[] names, int index)
        {
            if (array)
            {
                return index >= 0 ? span[index] : default;
            }

            JsonElement part = default;
            return span.ValueKind == JsonValueKind.Object && Array.Exists(names, name => span.TryGetProperty(name, out part)) ? part : default;
        }
    }

    private static int? Number(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

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
