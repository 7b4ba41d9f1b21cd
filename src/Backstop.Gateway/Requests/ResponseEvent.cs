using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Gateway.Requests;

/// <summary>One event of a streamed response: which texts it says, in a piece or whole, and how to write it with others.</summary>
/// <param name="Type">What it calls itself.</param>
/// <param name="Number">Its place in the stream.</param>
/// <param name="Piece">The piece that it adds to a text; null when it adds none.</param>
/// <param name="Strange">A piece of a text that no whole answer is known to have; null when there is none.</param>
/// <param name="Whole">The texts that it says from beginning to end.</param>
/// <param name="Item">The number of the item it is about, and its id where it says that.</param>
internal sealed record ResponseEvent(
    string Type, int Number, AnswerText? Piece, string? Strange, IReadOnlyList<AnswerText> Whole, (int Number, string? Id) Item)
{
    private const string Adds = ".delta";
    private const string Completes = ".done";

    // Of two members of one name the ring would see one and the caller perhaps the other.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    // What is said in pieces: the event's type without its ending, the member that says it whole, and which text of an item it is.
    private static readonly (string Type, string Member, AnswerField Field)[] Kinds =
    [
        ("response.output_text", "text", AnswerField.Content),
        ("response.refusal", "refusal", AnswerField.Refusal),
        ("response.reasoning_text", "text", AnswerField.Content),
        ("response.reasoning_summary_text", "text", AnswerField.Reasoning),
        ("response.function_call_arguments", "arguments", AnswerField.ToolArguments),
        ("response.mcp_call_arguments", "arguments", AnswerField.ToolArguments),
        ("response.custom_tool_call_input", "input", AnswerField.ToolInput),
    ];

    /// <summary>Whether nothing follows it.</summary>
    public bool IsLast => Type is "response.completed" or "response.incomplete";

    /// <summary>Whether it says that what it is about is over.</summary>
    public bool Ends => IsLast || Type.EndsWith(Completes, StringComparison.Ordinal);

    /// <summary>Reads an event's data.</summary>
    /// <exception cref="JsonException">It is no such event, or carries an error.</exception>
    /// <exception cref="InvalidOperationException">It is no such event, or a string holds half a surrogate pair.</exception>
    public static ResponseEvent Read(ReadOnlyMemory<byte> data)
    {
        using var document = JsonDocument.Parse(data, Strict);
        var root = document.RootElement;
        var type = (root.ValueKind == JsonValueKind.Object ? TextOf(root, "type") : null) ?? throw new JsonException("an event has no type.");
        if (type is "error" or "response.failed")
        {
            throw new JsonException("an event carries an error.");
        }

        var item = NumberOf(root, "output_index");
        var kind = Array.Find(Kinds, k => type.StartsWith(k.Type, StringComparison.Ordinal) && type.AsSpan(k.Type.Length) is Adds or Completes);
        var part = new AnswerPlace(item, kind.Field, NumberOf(root, "content_index") + NumberOf(root, "summary_index"));
        var added = type.EndsWith(Adds, StringComparison.Ordinal) ? TextOf(root, "delta") : null;
        var whole = new List<AnswerText>();
        if (kind.Type is not null && added is null && TextOf(root, kind.Member) is { } said)
        {
            whole.Add(new(part, said));
        }

        AddParts(root, part, whole);
        return new(
            type, NumberOf(root, "sequence_number"), kind.Type is not null && added is not null ? new(part, added) : null, kind.Type is null ? added : null, whole,
            (item, TextOf(root, "item_id") ?? (root.TryGetProperty("item", out var about) && about.ValueKind == JsonValueKind.Object ? TextOf(about, "id") : null)));
    }

    /// <summary>The event with other texts and another number; all else as it came but log probabilities, which would tell what was taken out.</summary>
    /// <param name="data">The data of the event.</param>
    /// <param name="texts">Each in a place that <see cref="Piece"/> or <see cref="Whole"/> has.</param>
    public static byte[] With(ReadOnlyMemory<byte> data, IEnumerable<AnswerText> texts, int number)
    {
        var root = JsonNode.Parse(data.Span)!.AsObject();
        root["sequence_number"] = number;
        foreach (var text in texts)
        {
            Write(root, text);
        }

        return Of(root);
    }

    /// <summary>An event as it is sent.</summary>
    public static byte[] Of(JsonObject data) => Encoding.UTF8.GetBytes($"event: {(string?)data["type"]}\ndata: {data.ToJsonString()}\n\n");

    private static void AddParts(JsonElement root, AnswerPlace part, List<AnswerText> texts)
    {
        if (root.TryGetProperty("part", out var one) && one.ValueKind == JsonValueKind.Object)
        {
            ResponseAnswer.AddPart(one, part, isSummary: root.TryGetProperty("summary_index", out _), texts);
        }

        if (root.TryGetProperty("item", out var item))
        {
            ResponseAnswer.AddItem(item, part.Choice, texts);
        }

        if (root.TryGetProperty("response", out var response) && response.ValueKind == JsonValueKind.Object
            && response.TryGetProperty("output", out var output) && output.ValueKind == JsonValueKind.Array)
        {
            var number = 0;
            foreach (var made in output.EnumerateArray())
            {
                ResponseAnswer.AddItem(made, number++, texts);
            }
        }
    }

    private static void Write(JsonObject root, AnswerText text)
    {
        if (root["response"] is JsonObject response)
        {
            ResponseAnswer.Write(response, text);
        }
        else if (root["item"] is JsonObject item)
        {
            ResponseAnswer.WriteItem(item, text);
        }
        else if (root["part"] is JsonObject part)
        {
            ResponseAnswer.WritePart(part, text);
        }
        else
        {
            var type = (string)root["type"]!;
            root[type.EndsWith(Adds, StringComparison.Ordinal) ? "delta" : Array.Find(Kinds, k => type == k.Type + Completes).Member] = text.Text;
            if (root.ContainsKey("logprobs"))
            {
                root["logprobs"] = new JsonArray();
            }
        }
    }

    private static string? TextOf(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int NumberOf(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : 0;
}
