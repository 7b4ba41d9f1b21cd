using System.Text.Json;
using System.Text.Unicode;
using Backstop.Core.Guards;

namespace Backstop.Gateway.Requests;

/// <summary>What the gateway reads out of a chat request in one pass; all other bytes are passed on untouched.</summary>
public sealed class ChatRequest
{
    private ChatRequest(ReadOnlyMemory<byte> body) => Body = body;

    /// <summary>The body as it came.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>The alias.</summary>
    public string? Model { get; private set; }

    public bool Stream { get; private set; }

    /// <summary>Where the value of <c>model</c> stands in the body, quotes included.</summary>
    public Range ModelValue { get; private set; }

    /// <summary>Where the first element of <c>messages</c> would stand: just behind the opening bracket.</summary>
    public int MessagesStart { get; private set; } = -1;

    /// <summary>Whether <c>messages</c> is an empty array.</summary>
    public bool MessagesEmpty { get; private set; } = true;

    /// <summary>The whole value of <c>messages</c>.</summary>
    public Range Messages { get; private set; }

    /// <summary>Where top-level members stand that a release may override, by name: the member with its name and value.</summary>
    public List<(string Name, Range Member)> Members { get; } = [];

    /// <summary>Every text of the conversation, for the input checks.</summary>
    public List<ScanUnit> Texts { get; } = [];

    /// <summary>Where the value of each of <see cref="Texts"/> stands, quotes included.</summary>
    public List<Range> TextValues { get; } = [];

    /// <summary>The first thing that is wrong with it although it is JSON; null when it may go on.</summary>
    public ApiError? Flaw { get; private set; }

    /// <summary>Reads a body.</summary>
    /// <exception cref="JsonException">It is not a JSON object in UTF-8, or nests deeper than 64 levels.</exception>
    /// <exception cref="InvalidOperationException">A string holds half a surrogate pair.</exception>
    public static ChatRequest Read(ReadOnlyMemory<byte> body)
    {
        if (!Utf8.IsValid(body.Span))
        {
            throw new JsonException("it is not valid UTF-8.");
        }

        // Model servers differ in which of two members they believe, and some ignore case: what one of them would read
        // must be what was screened and what the release overrides.
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var request = new ChatRequest(body);
        var reader = new Utf8JsonReader(body.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("it must be an object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var name = reader.GetString()!;
            if (!names.Add(name))
            {
                request.Flaw ??= ApiError.DuplicateMember(name);
            }

            reader.Read();
            var value = (int)reader.TokenStartIndex;
            switch (name)
            {
                case "model":
                    request.Model = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                    request.Expect(reader.TokenType is JsonTokenType.String or JsonTokenType.Null, "model", "a string");
                    reader.Skip();
                    request.ModelValue = value..(int)reader.BytesConsumed;
                    break;
                case "stream":
                    request.Stream = reader.TokenType == JsonTokenType.True;
                    request.Expect(
                        reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null, "stream", "true or false");
                    reader.Skip();
                    break;
                case "messages" when reader.TokenType == JsonTokenType.StartArray:
                    request.MessagesStart = (int)reader.BytesConsumed;
                    request.ReadMessages(ref reader);
                    request.Messages = value..(int)reader.BytesConsumed;
                    break;
                default:
                    reader.Skip();
                    break;
            }

            request.Members.Add((name, start..(int)reader.BytesConsumed));
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
        {
            throw new JsonException("something follows the object.");
        }

        request.Flaw ??= request switch
        {
            { Model: null or "" } => ApiError.MissingModel(),
            { MessagesStart: < 0 } => ApiError.InvalidRequest("The 'messages' field is missing or not an array.", "messages"),
            _ => null,
        };
        return request;
    }

    private void Expect(bool holds, string name, string what)
    {
        if (!holds)
        {
            Flaw ??= ApiError.InvalidRequest($"The '{name}' field must be {what}.", name);
        }
    }

    private void ReadMessages(ref Utf8JsonReader reader)
    {
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            MessagesEmpty = false;
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadMessage(ref reader, index);
            }
            else
            {
                Expect(false, $"messages[{index}]", "an object");
                reader.Skip();
            }
        }
    }

    private void ReadMessage(ref Utf8JsonReader reader, int index)
    {
        var role = "user";
        var first = Texts.Count;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("role"u8))
            {
                reader.Read();
                Expect(reader.TokenType == JsonTokenType.String, $"messages[{index}].role", "a string");
                role = reader.TokenType == JsonTokenType.String ? reader.GetString()! : role;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("content"u8))
            {
                reader.Read();
                ReadContent(ref reader, index);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        // The role may stand behind the content, so it is set when both are known.
        for (var i = first; i < Texts.Count; i++)
        {
            Texts[i] = ScanUnit.Input(Texts[i].Text, role, index);
        }
    }

    // A string, or an array of parts of which those with a "text" are looked at.
    private void ReadContent(ref Utf8JsonReader reader, int index)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            Add(ref reader, index);
            return;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            Expect(reader.TokenType == JsonTokenType.Null, $"messages[{index}].content", "a string or an array of parts");
            reader.Skip();
            return;
        }

        var depth = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == depth))
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("text"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    Add(ref reader, index);
                }
            }
        }
    }

    private void Add(ref Utf8JsonReader reader, int index)
    {
        Texts.Add(ScanUnit.Input(reader.GetString()!, messageIndex: index));
        TextValues.Add((int)reader.TokenStartIndex..(int)reader.BytesConsumed);
    }
}
