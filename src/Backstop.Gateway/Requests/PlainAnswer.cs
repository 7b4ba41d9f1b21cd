using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Backstop.Gateway.Requests;

/// <summary>Reads the usual finished answer in choices in one pass: each choice says one text, and nothing else that the ring looks at.</summary>
/// <remarks>
/// What is unusual is left to a document, which says the same and takes several times as long: lists of parts, calls of tools, two texts
/// beside each other, names that are escaped or stand twice, very many members.
/// </remarks>
internal static class PlainAnswer
{
    // Of all objects that are open at one place.
    private const int MostNames = 64;

    /// <summary>Every text of every choice; a choice that says nothing counts as an empty content. Null where it is not usual.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    /// <exception cref="InvalidOperationException">A string holds half a surrogate pair, or is not in UTF-8.</exception>
    public static List<AnswerText>? Read(ReadOnlySpan<byte> body, ChoiceForm form)
    {
        var reader = new Utf8JsonReader(body);
        var names = new Names(body);
        List<AnswerText>? texts = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isChoices = reader.ValueTextEquals("choices"u8);
            if (!names.IsNew(ref reader, from: 0) || !reader.Read())
            {
                return null;
            }

            if (!isChoices)
            {
                if (!IsUsual(ref reader, ref names))
                {
                    return null;
                }
            }
            else if (reader.TokenType != JsonTokenType.StartArray || !ReadChoices(ref reader, ref names, form, texts = new(1)))
            {
                return null;
            }
        }

        return reader.Read() ? null : texts;
    }

    private static bool ReadChoices(ref Utf8JsonReader reader, ref Names names, ChoiceForm form, List<AnswerText> texts)
    {
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            var said = texts.Count;
            if (reader.TokenType != JsonTokenType.StartObject
                || !(form.Whole is null ? ReadMessage(ref reader, ref names, index, texts) : ReadChoice(ref reader, ref names, form.Whole, index, texts))
                || (form.Whole is null && (texts.Count == said || texts[said].Place.Field != form.Main)))
            {
                return false;
            }

            if (texts.Count == said)
            {
                texts.Add(new(new(index, form.Main), ""));
            }
        }

        return true;
    }

    private static bool ReadChoice(ref Utf8JsonReader reader, ref Names names, string whole, int index, List<AnswerText> texts)
    {
        var (from, speaks) = (names.Count, false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMessage = reader.ValueTextEquals(whole);
            if (!names.IsNew(ref reader, from) || !reader.Read())
            {
                return false;
            }

            speaks |= isMessage;
            if (!(isMessage ? reader.TokenType == JsonTokenType.StartObject && ReadMessage(ref reader, ref names, index, texts) : IsUsual(ref reader, ref names)))
            {
                return false;
            }
        }

        names.Forget(from);
        return speaks;
    }

    private static bool ReadMessage(ref Utf8JsonReader reader, ref Names names, int index, List<AnswerText> texts)
    {
        var (from, said) = (names.Count, texts.Count);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = AnswerText.FieldOf(ref reader);
            var calls = reader.ValueTextEquals("tool_calls"u8) || reader.ValueTextEquals("function_call"u8);
            if (!names.IsNew(ref reader, from) || !reader.Read())
            {
                return false;
            }

            if (field is { } speaking && reader.TokenType == JsonTokenType.String)
            {
                if (texts.Count > said)
                {
                    return false;
                }

                texts.Add(new(new(index, speaking), reader.GetString()!));
            }
            else if (field is not null || calls ? reader.TokenType != JsonTokenType.Null : !IsUsual(ref reader, ref names))
            {
                return false;
            }
        }

        names.Forget(from);
        return true;
    }

    // Whether no object in a value names a member twice; leaves the reader at the value's end.
    private static bool IsUsual(ref Utf8JsonReader reader, ref Names names)
    {
        var from = names.Count;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (!names.IsNew(ref reader, from) || !reader.Read() || !IsUsual(ref reader, ref names))
                {
                    return false;
                }
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (!IsUsual(ref reader, ref names))
                {
                    return false;
                }
            }
        }

        names.Forget(from);
        return true;
    }

    /// <summary>The names of the members of all objects that are open, as places in the body.</summary>
    private ref struct Names(ReadOnlySpan<byte> body)
    {
        private readonly ReadOnlySpan<byte> _body = body;
        private Places _places;

        public int Count { get; private set; }

        /// <summary>Adds the name the reader stands on; false when it is there from a place on, or cannot be told.</summary>
        public bool IsNew(ref Utf8JsonReader reader, int from)
        {
            var name = reader.ValueSpan;
            if (reader.ValueIsEscaped || Count == MostNames)
            {
                return false;
            }

            foreach (var place in ((ReadOnlySpan<Range>)_places)[from..Count])
            {
                if (name.SequenceEqual(_body[place]))
                {
                    return false;
                }
            }

            var start = (int)reader.TokenStartIndex + 1;
            _places[Count++] = start..(start + name.Length);
            return true;
        }

        public void Forget(int from) => Count = from;
    }

    [InlineArray(MostNames)]
    private struct Places
    {
        private Range _first;
    }
}
