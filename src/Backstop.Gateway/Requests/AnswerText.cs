using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Guards;

namespace Backstop.Gateway.Requests;

/// <summary>The fields of a chat message, or of a completion's choice, in which a model can say something.</summary>
public enum AnswerField
{
    Content,
    Text,
    Refusal,
    Reasoning,
    ReasoningContent,
    ToolArguments,
    ToolInput,
    FunctionArguments,
}

/// <summary>Where in an answer a text stands.</summary>
/// <param name="Choice">Index of the choice.</param>
/// <param name="Index">Of the tool call, or of the part where the content is a list of parts; 0 otherwise.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct AnswerPlace(int Choice, AnswerField Field, int Index = 0)
{
    /// <summary>The stage whose checks look at it. A refusal is said beside the answer, as reasoning is.</summary>
    public GuardStage Stage => Field switch
    {
        AnswerField.Content or AnswerField.Text => GuardStage.Output,
        AnswerField.ToolArguments or AnswerField.ToolInput or AnswerField.FunctionArguments => GuardStage.ToolArguments,
        _ => GuardStage.Reasoning,
    };
}

/// <summary>One text of an answer, or a piece of one.</summary>
public readonly record struct AnswerText(AnswerPlace Place, string Text)
{
    // Model servers differ in what they call the reasoning.
    private static readonly (string Name, AnswerField Field)[] Members =
    [
        ("content", AnswerField.Content), ("text", AnswerField.Text), ("refusal", AnswerField.Refusal),
        ("reasoning", AnswerField.Reasoning), ("reasoning_content", AnswerField.ReasoningContent),
    ];

    private static readonly (AnswerField Field, string Kind, string Name)[] Calls =
        [(AnswerField.ToolArguments, "function", "arguments"), (AnswerField.ToolInput, "custom", "input")];

    /// <summary>Every text of a message, or of a delta of one, the content first.</summary>
    /// <exception cref="InvalidOperationException">The message is no object.</exception>
    public static List<AnswerText> Of(JsonElement message, int choice)
    {
        var texts = new List<AnswerText>(1);
        foreach (var (name, field) in Members)
        {
            if (message.TryGetProperty(name, out var value))
            {
                AddValue(value, new(choice, field), texts);
            }
        }

        if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array)
        {
            var position = 0;
            foreach (var call in calls.EnumerateArray())
            {
                var index = call.TryGetProperty("index", out var i) && i.TryGetInt32(out var number) ? number : position;
                position++;
                foreach (var (field, kind, name) in Calls)
                {
                    AddMember(call, kind, name, new(choice, field, index), texts);
                }
            }
        }

        AddMember(message, "function_call", "arguments", new(choice, AnswerField.FunctionArguments), texts);
        return texts;
    }

    /// <summary>The field that the name the reader stands on is, of those that hold a text of their own; null for another.</summary>
    internal static AnswerField? FieldOf(ref Utf8JsonReader reader)
    {
        foreach (var (name, field) in Members)
        {
            if (name.Length == reader.ValueSpan.Length && reader.ValueTextEquals(name))
            {
                return field;
            }
        }

        return null;
    }

    /// <summary>Writes this text into the message, or delta, that <see cref="Of"/> found its place in.</summary>
    public void WriteTo(JsonObject message)
    {
        switch (Place.Field)
        {
            case AnswerField.FunctionArguments:
                Inner(message, "function_call")["arguments"] = Text;
                break;
            case AnswerField.ToolArguments or AnswerField.ToolInput:
                var (_, kind, member) = CallOf(Place.Field);
                Inner(Call(message), kind)[member] = Text;
                break;
            default:
                var name = NameOf(Place.Field);
                if (message[name] is JsonArray parts)
                {
                    parts[Place.Index]!["text"] = Text;
                }
                else
                {
                    message[name] = Text;
                }

                break;
        }
    }

    /// <summary>Takes the text's field out of a delta, and what is left empty without it.</summary>
    public static void Drop(JsonObject delta, AnswerPlace place)
    {
        switch (place.Field)
        {
            case AnswerField.FunctionArguments:
                Inner(delta, "function_call").Remove("arguments");
                break;
            case AnswerField.ToolArguments or AnswerField.ToolInput:
                var empty = new AnswerText(place, "");
                empty.WriteTo(delta);
                var call = empty.Call(delta);
                if (!call.ContainsKey("id"))
                {
                    var calls = delta["tool_calls"]!.AsArray();
                    calls.Remove(call);
                    if (calls.Count == 0)
                    {
                        delta.Remove("tool_calls");
                    }
                }

                break;
            default:
                var name = NameOf(place.Field);
                if (delta[name] is JsonArray)
                {
                    new AnswerText(place, "").WriteTo(delta); // The other parts of the list stay.
                }
                else
                {
                    delta.Remove(name);
                }

                break;
        }
    }

    /// <summary>Takes out of a choice whose text was changed, or is still held back, what repeats the text token by token.</summary>
    public static void Forget(JsonObject choice)
    {
        if (choice.ContainsKey("logprobs"))
        {
            choice["logprobs"] = null;
        }
    }

    /// <summary>A delta that carries only this text.</summary>
    public JsonObject ToDelta()
    {
        switch (Place.Field)
        {
            case AnswerField.FunctionArguments:
                return new() { ["function_call"] = new JsonObject { ["arguments"] = Text } };
            case AnswerField.ToolArguments or AnswerField.ToolInput:
                var (_, kind, name) = CallOf(Place.Field);
                return new() { ["tool_calls"] = new JsonArray(new JsonObject { ["index"] = Place.Index, [kind] = new JsonObject { [name] = Text } }) };
            default:
                return new() { [NameOf(Place.Field)] = Text };
        }
    }

    private static void AddValue(JsonElement value, AnswerPlace place, List<AnswerText> texts)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            texts.Add(new(place, value.GetString()!));
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            var index = 0;
            foreach (var part in value.EnumerateArray())
            {
                var at = place with { Index = index++ };
                if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String)
                {
                    texts.Add(new(at, text.GetString()!));
                }
            }
        }
    }

    private static void AddMember(JsonElement owner, string name, string member, AnswerPlace place, List<AnswerText> texts)
    {
        if (owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var inner) && inner.ValueKind == JsonValueKind.Object
            && inner.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String)
        {
            texts.Add(new(place, value.GetString()!));
        }
    }

    private static string NameOf(AnswerField field) => Array.Find(Members, m => m.Field == field).Name;

    private static (AnswerField Field, string Kind, string Name) CallOf(AnswerField field) => Array.Find(Calls, c => c.Field == field);

    private static JsonObject Inner(JsonObject owner, string name) => owner[name]!.AsObject();

    private JsonObject Call(JsonObject message)
    {
        var calls = message["tool_calls"]!.AsArray();
        var index = Place.Index;
        return (calls.FirstOrDefault(c => (int?)c!["index"] == index) ?? calls[index])!.AsObject();
    }
}
