using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Gateway.Requests;

/// <summary>A finished answer of the responses API: the texts of its output, and the ways to change them.</summary>
/// <remarks>A text's place is the number of its item, and in <see cref="AnswerPlace.Index"/> that of its part.</remarks>
internal static class ResponseAnswer
{
    // Of two members of one name the ring would see one and the caller perhaps the other.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private static readonly (string List, string Member, AnswerField Field)[] Parts =
    [
        ("content", "text", AnswerField.Content), ("content", "refusal", AnswerField.Refusal), ("summary", "text", AnswerField.Reasoning),
    ];

    private static readonly (string List, bool IsSummary)[] Lists = [("content", false), ("summary", true)];

    private static readonly (string Member, AnswerField Field)[] Calls = [("arguments", AnswerField.ToolArguments), ("input", AnswerField.ToolInput)];

    /// <summary>Every text of the output; one that says nothing counts as an empty content.</summary>
    /// <exception cref="JsonException">It is not such an answer.</exception>
    public static List<AnswerText> Read(ReadOnlyMemory<byte> answer)
    {
        using var document = JsonDocument.Parse(answer, Strict);
        return Read(document.RootElement);
    }

    /// <inheritdoc cref="Read(ReadOnlyMemory{byte})"/>
    public static List<AnswerText> Read(JsonElement response)
    {
        if (response.ValueKind != JsonValueKind.Object || !response.TryGetProperty("output", out var output) || output.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("the answer has no output.");
        }

        var texts = new List<AnswerText>(1);
        var number = 0;
        foreach (var item in output.EnumerateArray())
        {
            AddItem(item, number++, texts);
        }

        return texts.Count > 0 ? texts : [new(new(0, AnswerField.Content), "")];
    }

    /// <summary>The answer with changed texts; all else stays but their log probabilities, which would tell what was taken out.</summary>
    public static byte[] WithTexts(ReadOnlyMemory<byte> answer, IEnumerable<AnswerText> texts)
    {
        var response = JsonNode.Parse(answer.Span)!;
        foreach (var text in texts)
        {
            Write(response, text);
        }

        return JsonSerializer.SerializeToUtf8Bytes(response);
    }

    /// <summary>Puts a text into its place.</summary>
    public static void Write(JsonNode response, AnswerText text) => WriteItem(response["output"]![text.Place.Choice]!.AsObject(), text);

    /// <summary>Puts a text into its place in its item.</summary>
    public static void WriteItem(JsonObject item, AnswerText text)
    {
        if (Array.Find(Calls, c => c.Field == text.Place.Field) is { Member: { } call })
        {
            item[call] = text.Text;
            return;
        }

        // Reasoning stands in a list of its own, or where other items have their content.
        var list = Array.Find(Parts, p => p.Field == text.Place.Field).List;
        WritePart((item[list] as JsonArray ?? item["content"]!.AsArray())[text.Place.Index]!.AsObject(), text);
    }

    /// <summary>Puts a text into its part.</summary>
    public static void WritePart(JsonObject part, AnswerText text)
    {
        part[Array.Find(Parts, p => p.Field == text.Place.Field).Member] = text.Text;
        if (part.ContainsKey("logprobs"))
        {
            part["logprobs"] = new JsonArray();
        }
    }

    /// <summary>The answer with a safe text in the place of its output; ids and usage stay, what the model wrote does not.</summary>
    public static byte[] Blocked(ReadOnlyMemory<byte> answer, string safeText) =>
        JsonSerializer.SerializeToUtf8Bytes(Stopped(JsonNode.Parse(answer.Span)!.AsObject(), safeText));

    /// <inheritdoc cref="Blocked"/>
    public static JsonObject Stopped(JsonObject response, string safeText)
    {
        response["status"] = "incomplete";
        response["incomplete_details"] = new JsonObject { ["reason"] = "content_filter" };
        response["output"] = new JsonArray(new JsonObject
        {
            ["type"] = "message",
            ["id"] = "msg_backstop",
            ["role"] = "assistant",
            ["status"] = "completed",
            ["content"] = new JsonArray(new JsonObject { ["type"] = "output_text", ["text"] = safeText, ["annotations"] = new JsonArray() }),
        });
        return response;
    }

    /// <summary>Every text of an item.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static void AddItem(JsonElement item, int number, List<AnswerText> texts)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("an item of the output is not an object.");
        }

        foreach (var (list, isSummary) in Lists)
        {
            if (!item.TryGetProperty(list, out var parts) || parts.ValueKind != JsonValueKind.Array)
            {
                continue;
            }

            var index = 0;
            foreach (var part in parts.EnumerateArray())
            {
                if (part.ValueKind == JsonValueKind.Object)
                {
                    AddPart(part, new(number, AnswerField.Content, index), isSummary, texts);
                }

                index++;
            }
        }

        foreach (var (member, field) in Calls)
        {
            if (item.TryGetProperty(member, out var text) && text.ValueKind == JsonValueKind.String)
            {
                texts.Add(new(new(number, field), text.GetString()!));
            }
        }
    }

    /// <summary>Every text of a part.</summary>
    /// <param name="at">The number of its item, and its own.</param>
    /// <param name="isSummary">Whether it is one of a reasoning's summary.</param>
    public static void AddPart(JsonElement part, AnswerPlace at, bool isSummary, List<AnswerText> texts)
    {
        foreach (var (list, member, field) in Parts)
        {
            if (list == "summary" == isSummary && part.TryGetProperty(member, out var text) && text.ValueKind == JsonValueKind.String)
            {
                texts.Add(new(at with { Field = field }, text.GetString()!));
            }
        }
    }
}
