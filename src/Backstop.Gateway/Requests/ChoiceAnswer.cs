using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Gateway.Requests;

/// <summary>A finished answer in choices, of chat or of completions: the texts of the choices, and the ways to change them.</summary>
public static class ChoiceAnswer
{
    // Of two members of one name the ring would see one and the caller perhaps the other.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Every text of every choice; a choice that says nothing counts as an empty content.</summary>
    /// <exception cref="JsonException">It is not such an answer.</exception>
    public static List<AnswerText> Read(ReadOnlyMemory<byte> body, ChoiceForm form) => PlainAnswer.Read(body.Span, form) ?? ReadDocument(body, form);

    /// <inheritdoc cref="Read"/>
    internal static List<AnswerText> ReadDocument(ReadOnlyMemory<byte> body, ChoiceForm form)
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
            var said = AnswerText.Of(form.Message(choice), index);
            texts.AddRange(said.Count > 0 ? said : [new(new(index, form.Main), "")]);
            index++;
        }

        return texts;
    }

    /// <summary>The answer with changed texts; all else stays but their log probabilities, which would tell what was taken out.</summary>
    public static byte[] WithTexts(ReadOnlyMemory<byte> body, ChoiceForm form, IEnumerable<AnswerText> texts)
    {
        var answer = JsonNode.Parse(body.Span)!;
        foreach (var text in texts)
        {
            var choice = answer["choices"]![text.Place.Choice]!.AsObject();
            text.WriteTo(form.Message(choice));
            AnswerText.Forget(choice);
        }

        return JsonSerializer.SerializeToUtf8Bytes(answer);
    }

    /// <summary>The answer with the safe text in every choice; ids and usage stay, what the model wrote does not.</summary>
    public static byte[] Blocked(ReadOnlyMemory<byte> body, ChoiceForm form, string safeText)
    {
        var answer = JsonNode.Parse(body.Span)!.AsObject();
        var index = 0;
        var choices = new JsonArray();
        foreach (var _ in answer["choices"]!.AsArray())
        {
            choices.Add(form.Stopped(index++, safeText));
        }

        answer["choices"] = choices;
        return JsonSerializer.SerializeToUtf8Bytes(answer);
    }
}
