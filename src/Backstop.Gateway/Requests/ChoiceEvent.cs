using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Gateway.Requests;

/// <summary>One event of a streamed answer in choices, of chat or of completions: what the ring must see of it, and how to write one like it.</summary>
public static class ChoiceEvent
{
    // Of two members of one name the ring would see one and the caller perhaps the other.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The texts and endings in an event, by choice.</summary>
    /// <exception cref="JsonException">It is not JSON, or not such an event.</exception>
    public static List<Part> Read(ReadOnlyMemory<byte> data, ChoiceForm form)
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
            var delta = form.Delta(choice);
            var index = IndexOf(choice);
            var texts = delta.ValueKind == JsonValueKind.Object ? AnswerText.Of(delta, index) : [];
            var ends = choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String;
            parts.Add(new(index, texts, ends));
        }

        return parts;
    }

    /// <summary>An event like <paramref name="like"/> that carries only this text.</summary>
    public static byte[] With(ReadOnlySpan<byte> like, ChoiceForm form, AnswerText text) =>
        Event(like, form.Piece(text.Place.Choice, text.ToDelta(), finish: null));

    /// <summary>
    /// The event with some texts changed; an empty one is taken out. Null when nothing is left in it that a client could miss.
    /// </summary>
    public static byte[]? WithTexts(ReadOnlySpan<byte> data, ChoiceForm form, IReadOnlyList<AnswerText> texts)
    {
        var chunk = JsonNode.Parse(data)!.AsObject();
        var worth = chunk["usage"] is not null;
        foreach (var choice in chunk["choices"]!.AsArray())
        {
            var index = (int?)choice!["index"] ?? 0;
            foreach (var text in texts.Where(t => t.Place.Choice == index))
            {
                if (text.Text.Length > 0)
                {
                    text.WriteTo(form.Delta(choice)!);
                }
                else
                {
                    form.Empty(choice, text.Place);
                }

                AnswerText.Forget(choice.AsObject());
            }

            worth |= form.IsWorthSending(choice);
        }

        return worth ? [.. "data: "u8, .. JsonSerializer.SerializeToUtf8Bytes(chunk), .. "\n\n"u8] : null;
    }

    /// <summary>What a client gets instead of an answer of which nothing was sent: the safe text, and the end.</summary>
    public static byte[] Safe(ReadOnlySpan<byte> like, ChoiceForm form, int choice, string safeText) =>
        [.. Event(like, form.Piece(choice, form.Saying(safeText), finish: null)), .. Stop(like, form, choice)];

    /// <summary>The end of an answer that was stopped.</summary>
    public static byte[] Stop(ReadOnlySpan<byte> like, ChoiceForm form, int choice) =>
        [.. Event(like, form.Piece(choice, [], finish: "content_filter")), .. "data: [DONE]\n\n"u8];

    /// <summary>An error in the middle of a stream.</summary>
    public static byte[] Error(ApiError error) => [.. "data: "u8, .. error.ToJson(), .. "\n\n"u8];

    private static byte[] Event(ReadOnlySpan<byte> like, JsonObject choice)
    {
        var chunk = like.IsEmpty ? [] : JsonNode.Parse(like)!.AsObject();
        chunk.Remove("usage");
        chunk["choices"] = new JsonArray(choice);
        return [.. "data: "u8, .. JsonSerializer.SerializeToUtf8Bytes(chunk), .. "\n\n"u8];
    }

    private static int IndexOf(JsonElement choice) => choice.TryGetProperty("index", out var i) && i.TryGetInt32(out var number) ? number : 0;

    /// <param name="Choice">Index of the choice.</param>
    /// <param name="Texts">Pieces added to its texts.</param>
    /// <param name="Ends">Whether nothing more follows for it.</param>
    public readonly record struct Part(int Choice, List<AnswerText> Texts, bool Ends);
}
