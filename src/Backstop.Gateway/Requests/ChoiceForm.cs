using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Gateway.Requests;

/// <summary>Where a choice of OpenAI's answers says something.</summary>
public sealed class ChoiceForm
{
    /// <summary>In a message; streamed, in deltas of one.</summary>
    public static readonly ChoiceForm Chat = new("message", "delta", AnswerField.Content);

    /// <summary>In a text of its own, streamed or not.</summary>
    public static readonly ChoiceForm Completion = new(null, null, AnswerField.Text);

    private ChoiceForm(string? whole, string? piece, AnswerField main) => (Whole, Piecewise, Main) = (whole, piece, main);

    /// <summary>The member of a finished choice that speaks; null where the choice itself does.</summary>
    public string? Whole { get; }

    /// <summary>The member of a choice of an event that speaks; null where the choice itself does.</summary>
    public string? Piecewise { get; }

    /// <summary>The field that holds the answer itself.</summary>
    public AnswerField Main { get; }

    /// <summary>What speaks in a choice of a finished answer.</summary>
    /// <exception cref="JsonException">Nothing can: it is no such choice.</exception>
    public JsonElement Message(JsonElement choice)
    {
        var message = Whole is null ? choice : Member(choice, Whole);
        return message.ValueKind == JsonValueKind.Object && (Whole is not null || message.TryGetProperty("text", out _))
            ? message
            : throw new JsonException("a choice says nothing.");
    }

    /// <summary>What speaks in a choice of an event; undefined when nothing does.</summary>
    /// <exception cref="JsonException">It is no choice.</exception>
    public JsonElement Delta(JsonElement choice)
    {
        if (choice.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("a choice is not an object.");
        }

        var delta = Piecewise is null ? choice : Member(choice, Piecewise);
        return delta.ValueKind == JsonValueKind.Object ? delta : default;
    }

    /// <inheritdoc cref="Message(JsonElement)"/>
    public JsonObject Message(JsonNode choice) => (Whole is null ? choice : choice[Whole]!).AsObject();

    /// <inheritdoc cref="Delta(JsonElement)"/>
    public JsonObject? Delta(JsonNode choice) => (Piecewise is null ? choice : choice[Piecewise]) as JsonObject;

    /// <summary>Takes an emptied text out of a choice of an event. A completion keeps it: its clients add it up unseen.</summary>
    public void Empty(JsonNode choice, AnswerPlace place)
    {
        if (Piecewise is null)
        {
            new AnswerText(place, "").WriteTo(Delta(choice)!);
        }
        else
        {
            AnswerText.Drop(Delta(choice)!, place);
        }
    }

    /// <summary>Whether a client would miss a choice of an event.</summary>
    public bool IsWorthSending(JsonNode choice) =>
        choice["finish_reason"] is not null
        || (Piecewise is null ? (string?)choice["text"] is { Length: > 0 } : Delta(choice) is { Count: > 0 });

    /// <summary>What the gateway says in a choice.</summary>
    public JsonObject Saying(string text) =>
        Whole is null ? new() { ["text"] = text } : new() { ["role"] = "assistant", ["content"] = text };

    /// <summary>A finished choice that was stopped.</summary>
    public JsonObject Stopped(int index, string safeText)
    {
        var said = Saying(safeText);
        if (Whole is not null)
        {
            said["refusal"] = safeText;
        }

        return Finished(index, said, "content_filter");
    }

    /// <summary>A choice of a finished answer.</summary>
    public JsonObject Finished(int index, JsonObject said, string finish) => Choice(index, Whole, said, finish);

    /// <summary>What an answer calls itself.</summary>
    public string ObjectOf(bool streamed) => Whole is null ? "text_completion" : streamed ? "chat.completion.chunk" : "chat.completion";

    /// <summary>A choice of an event.</summary>
    public JsonObject Piece(int index, JsonObject said, string? finish)
    {
        if (Piecewise is null && !said.ContainsKey("text"))
        {
            said["text"] = "";
        }

        return Choice(index, Piecewise, said, finish);
    }

    private static JsonObject Choice(int index, string? member, JsonObject said, string? finish)
    {
        var choice = new JsonObject { ["index"] = index };
        if (member is not null)
        {
            choice[member] = said;
        }
        else
        {
            foreach (var (name, value) in said)
            {
                choice[name] = value?.DeepClone();
            }

            choice["logprobs"] = null;
        }

        choice["finish_reason"] = finish;
        return choice;
    }

    private static JsonElement Member(JsonElement choice, string name) =>
        choice.ValueKind == JsonValueKind.Object && choice.TryGetProperty(name, out var value) ? value : default;
}
