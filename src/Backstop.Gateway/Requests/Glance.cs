using System.Text.Json;

namespace Backstop.Gateway.Requests;

/// <summary>What must be known of an answer in choices when nobody looks at its texts: whether it is one, begins to speak, and ends.</summary>
internal static class Glance
{
    /// <summary>Refuses what is not a finished answer.</summary>
    /// <exception cref="JsonException">It is not.</exception>
    public static void Answer(ReadOnlySpan<byte> body, ChoiceForm form)
    {
        var reader = Object(body);
        var hasChoices = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isChoices = reader.ValueTextEquals("choices"u8);
            reader.Read();
            if (isChoices && reader.TokenType == JsonTokenType.StartArray)
            {
                hasChoices = true;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    ExpectMessage(ref reader, form);
                }
            }

            reader.Skip();
        }

        if (reader.Read() || !hasChoices)
        {
            throw new JsonException("the answer has no choices.");
        }
    }

    /// <summary>Whether an event of a streamed answer says anything, and whether a choice ends with it.</summary>
    /// <exception cref="JsonException">It is not such an event, or carries an error.</exception>
    public static (bool Says, bool Ends) Event(ReadOnlySpan<byte> data, ChoiceForm form)
    {
        var reader = Object(data);
        var (says, ends) = (false, false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("error"u8))
            {
                throw new JsonException("an event carries an error.");
            }

            var isChoices = reader.ValueTextEquals("choices"u8);
            reader.Read();
            if (isChoices && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    ReadChoice(ref reader, form, ref says, ref ends);
                }
            }

            reader.Skip();
        }

        return reader.Read() ? throw new JsonException("something follows the event.") : (says, ends);
    }

    private static Utf8JsonReader Object(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return reader.Read() && reader.TokenType == JsonTokenType.StartObject ? reader : throw new JsonException("it is not an object.");
    }

    private static void ExpectMessage(ref Utf8JsonReader reader, ChoiceForm form)
    {
        var speaks = false;
        ExpectObject(ref reader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMessage = reader.ValueTextEquals(form.Whole ?? "text");
            reader.Read();
            speaks |= isMessage && (form.Whole is null || reader.TokenType == JsonTokenType.StartObject);
            reader.Skip();
        }

        if (!speaks)
        {
            throw new JsonException("a choice says nothing.");
        }
    }

    private static void ReadChoice(ref Utf8JsonReader reader, ChoiceForm form, ref bool says, ref bool ends)
    {
        ExpectObject(ref reader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isReason = reader.ValueTextEquals("finish_reason"u8);
            var isPiece = reader.ValueTextEquals(form.Piecewise ?? "text");
            reader.Read();
            ends |= isReason && reader.TokenType == JsonTokenType.String;
            if (isPiece && form.Piecewise is not null && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadDelta(ref reader, ref says);
            }
            else
            {
                says |= isPiece && IsSomething(ref reader);
                reader.Skip();
            }
        }
    }

    // The role comes first and says nothing yet.
    private static void ReadDelta(ref Utf8JsonReader reader, ref bool says)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRole = reader.ValueTextEquals("role"u8);
            reader.Read();
            says |= !isRole && IsSomething(ref reader);
            reader.Skip();
        }
    }

    private static bool IsSomething(ref Utf8JsonReader reader) =>
        reader.TokenType != JsonTokenType.Null && (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > 0);

    private static void ExpectObject(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("a choice is not an object.");
        }
    }
}
