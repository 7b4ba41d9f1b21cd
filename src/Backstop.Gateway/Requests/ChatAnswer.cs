using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Guards;

namespace Backstop.Gateway.Requests;

/// <summary>A finished chat answer: the texts of its choices, and the ways to change them.</summary>
public static class ChatAnswer
{
    // Of two members of one name the ring would see one and the caller perhaps the other.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The content of every choice that has one.</summary>
    /// <exception cref="JsonException">It is not a chat completion.</exception>
    public static List<ScanUnit> Read(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body, Strict);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("choices", out var choices)
            || choices.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("the answer has no choices.");
        }

        var texts = new List<ScanUnit>(1);
        var index = 0;
        foreach (var choice in choices.EnumerateArray())
        {
            if (choice.ValueKind == JsonValueKind.Object
                && choice.TryGetProperty("message", out var message)
                && message.ValueKind == JsonValueKind.Object
                && message.TryGetProperty("content", out var content)
                && content.ValueKind == JsonValueKind.String)
            {
                texts.Add(ScanUnit.Output(content.GetString()!, index));
            }

            index++;
        }

        return texts;
    }

    /// <summary>Whether a body is an error in OpenAI's form.</summary>
    public static bool IsError(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The answer with changed texts; all else stays.</summary>
    public static byte[] WithTexts(ReadOnlyMemory<byte> body, IEnumerable<(int Choice, string Text)> texts)
    {
        var answer = JsonNode.Parse(body.Span)!;
        foreach (var (choice, text) in texts)
        {
            answer["choices"]![choice]!["message"]!["content"] = text;
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
