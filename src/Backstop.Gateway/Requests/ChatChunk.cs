using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Gateway.Requests;

/// <summary>One event of a streamed chat answer: what the ring must see of it, and how to write one like it.</summary>
public static class ChatChunk
{
    // Of two members of one name the ring would see one and the caller perhaps the other.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The contents and endings in an event.</summary>
    /// <exception cref="JsonException">It is not JSON, or not a chat chunk.</exception>
    public static List<Part> Read(ReadOnlyMemory<byte> data)
    {
        var parts = new List<Part>(1);
        using var document = JsonDocument.Parse(data, Strict);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("an event is not an object.");
        }

        if (root.TryGetProperty("error", out _))
        {
            throw new JsonException("an event carries an error.");
        }

        if (!root.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array)
        {
            return parts;
        }

        foreach (var choice in choices.EnumerateArray())
        {
            var index = choice.TryGetProperty("index", out var i) && i.TryGetInt32(out var number) ? number : 0;
            var content = choice.TryGetProperty("delta", out var delta)
                && delta.ValueKind == JsonValueKind.Object
                && delta.TryGetProperty("content", out var text)
                && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
            var ends = choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String;
            parts.Add(new(index, content, ends));
        }

        return parts;
    }

    /// <summary>An event like <paramref name="like"/> that carries only this text of this choice.</summary>
    public static byte[] Content(ReadOnlySpan<byte> like, int choice, string text) =>
        Event(like, choice, new JsonObject { ["content"] = text }, finish: null);

    /// <summary>
    /// The event with other texts in its choices, in their order: null leaves a choice as it is, an empty text takes its content out.
    /// Null when nothing is left in it that a client could miss.
    /// </summary>
    public static byte[]? WithTexts(ReadOnlySpan<byte> data, IReadOnlyList<string?> texts)
    {
        var chunk = JsonNode.Parse(data)!.AsObject();
        var worth = chunk["usage"] is not null;
        var index = 0;
        foreach (var choice in chunk["choices"]!.AsArray())
        {
            var delta = choice!["delta"] as JsonObject;
            switch (texts[index++])
            {
                case { Length: > 0 } text:
                    delta!["content"] = text;
                    break;
                case "":
                    delta?.Remove("content");
                    break;
            }

            worth |= delta is { Count: > 0 } || choice["finish_reason"] is not null;
        }

        return worth ? [.. "data: "u8, .. JsonSerializer.SerializeToUtf8Bytes(chunk), .. "\n\n"u8] : null;
    }

    /// <summary>What a client gets instead of an answer of which nothing was sent: the safe text, and the end.</summary>
    public static byte[] Safe(ReadOnlySpan<byte> like, int choice, string safeText) =>
    [
        .. Event(like, choice, new JsonObject { ["role"] = "assistant", ["content"] = safeText }, finish: null),
        .. Stop(like, choice),
    ];

    /// <summary>The end of an answer that was stopped.</summary>
    public static byte[] Stop(ReadOnlySpan<byte> like, int choice) =>
        [.. Event(like, choice, [], finish: "content_filter"), .. "data: [DONE]\n\n"u8];

    /// <summary>An error in the middle of a stream.</summary>
    public static byte[] Error(ApiError error) => [.. "data: "u8, .. error.ToJson(), .. "\n\n"u8];

    private static byte[] Event(ReadOnlySpan<byte> like, int choice, JsonObject delta, string? finish)
    {
        var chunk = like.IsEmpty ? [] : JsonNode.Parse(like)!.AsObject();
        chunk.Remove("usage");
        chunk["choices"] = new JsonArray(new JsonObject { ["index"] = choice, ["delta"] = delta, ["finish_reason"] = finish });
        return [.. "data: "u8, .. JsonSerializer.SerializeToUtf8Bytes(chunk), .. "\n\n"u8];
    }

    /// <param name="Choice">Index of the choice.</param>
    /// <param name="Content">Text added to it, or null.</param>
    /// <param name="Ends">Whether nothing more follows for it.</param>
    public readonly record struct Part(int Choice, string? Content, bool Ends);
}
