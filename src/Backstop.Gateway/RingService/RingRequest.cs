using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Guards;

namespace Backstop.Gateway.RingService;

/// <summary>A question that the ring cannot answer as it stands. The message says what to write.</summary>
internal sealed class RingRequestException(string message, string? param = null) : Exception(message)
{
    public string? Param { get; } = param;
}

/// <summary>Reads the members of a request that somebody else's gateway sent.</summary>
internal static class RingRequest
{
    public static JsonObject Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonNode.Parse(body, documentOptions: new JsonDocumentOptions { MaxDepth = 128 }) as JsonObject
                ?? throw new RingRequestException("The body must be a JSON object.");
        }
        catch (JsonException e)
        {
            throw new RingRequestException($"The body is not JSON: {e.Message}");
        }
    }

    public static string? Text(this JsonObject node, string name) => node[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw new RingRequestException($"'{name}' must be a text.", name),
    };

    /// <summary>The texts under a name: a list of texts, or one; empty when there is none.</summary>
    public static IReadOnlyList<string> Texts(this JsonObject node, string name) => node[name] switch
    {
        null => [],
        JsonValue value when value.TryGetValue<string>(out var text) => [text],
        JsonArray list => [.. list.Select(item => item is JsonValue value && value.TryGetValue<string>(out var text)
            ? text
            : throw new RingRequestException($"'{name}' must be a text or a list of texts.", name))],
        _ => throw new RingRequestException($"'{name}' must be a text or a list of texts.", name),
    };

    /// <summary>The messages under a name, as a chat request has them; what is no text in them is left out.</summary>
    public static IReadOnlyList<ScanUnit> Messages(this JsonObject node, string name)
    {
        if (node[name] is not { } value)
        {
            return [];
        }

        return value is JsonArray messages
            ? [.. messages.OfType<JsonObject>().SelectMany((message, index) => ContentTexts(message).Select(text => ScanUnit.Input(text.Read(), message.Text("role") ?? "user", index)))]
            : throw new RingRequestException($"'{name}' must be a list of messages.", name);
    }

    /// <summary>The places of a message's texts: its content, or the text parts of it.</summary>
    public static IEnumerable<TextPlace> ContentTexts(JsonObject message) => message["content"] switch
    {
        JsonValue value when value.TryGetValue<string>(out _) => [new TextPlace(message, "content")],
        JsonArray parts => parts.OfType<JsonObject>()
            .Where(part => part["text"] is JsonValue value && value.TryGetValue<string>(out _))
            .Select(part => new TextPlace(part, "text")),
        _ => [],
    };
}

/// <summary>A text inside a document, where it can be read and replaced.</summary>
internal readonly record struct TextPlace(JsonObject Parent, string Member)
{
    public string Read() => (string)Parent[Member]!;

    public void Write(string text) => Parent[Member] = text;
}
