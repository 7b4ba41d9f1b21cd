using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Gateway.Requests;

/// <summary>A finished chat answer: the texts of its choices, and the ways to change them.</summary>
public static class ChatAnswer
{
    // Of two members of one name the ring would see one and the caller perhaps the other.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Every text of every choice; a choice that says nothing counts as an empty content.</summary>
    /// <exception cref="JsonException">It is not a chat completion.</exception>
    public static List<AnswerText> Read(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body, Strict);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("choices", out var choices)
            || choices.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("the answer has no choices.");
        }

        var texts = new List<AnswerText>(1);
        var index = 0;
        foreach (var choice in choices.EnumerateArray())
        {
            if (!choice.TryGetProperty("message", out var message) || message.ValueKind != JsonValueKind.Object)
            {
                throw new JsonException("a choice has no message.");
            }

            var said = AnswerText.Of(message, index);
            texts.AddRange(said.Count > 0 ? said : [new(new(index, AnswerField.Content), "")]);
            index++;
        }

        return texts;
    }

    /// <summary>The answer with changed texts; all else stays.</summary>
    public static byte[] WithTexts(ReadOnlyMemory<byte> body, IEnumerable<AnswerText> texts)
    {
        var answer = JsonNode.Parse(body.Span)!;
        foreach (var text in texts)
        {
            text.WriteTo(answer["choices"]![text.Place.Choice]!["message"]!.AsObject());
        }

        return JsonSerializer.SerializeToUtf8Bytes(answer);
    }

    /// <summary>The answer with the safe text in every choice; ids and usage stay, what the model wrote does not.</summary>
    public static byte[] Blocked(ReadOnlyMemory<byte> body, string safeText)
    {
        var answer = JsonNode.Parse(body.Span)!.AsObject();
        var index = 0;
        var choices = new JsonArray();
        foreach (var _ in answer["choices"]!.AsArray())
        {
            choices.Add(new JsonObject
            {
                ["index"] = index++,
                ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = safeText, ["refusal"] = safeText },
                ["finish_reason"] = "content_filter",
            });
        }

        answer["choices"] = choices;
        return JsonSerializer.SerializeToUtf8Bytes(answer);
    }
}
