using System.Text.Json;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Dialects;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatDialect() : OpenAiDialect("chat/completions")
{
    public override string Operation => "chat";

    public override string TextMember => "messages";

    public override bool IsConversation => true;

    public override ChoiceForm Choices => ChoiceForm.Chat;

    internal override void ReadMember(string name, ref Utf8JsonReader reader, ModelRequest request)
    {
        if (name == PromptPart.Member)
        {
            ReadVariables(ref reader, request);
            return;
        }

        if (name != "messages" || reader.TokenType != JsonTokenType.StartArray)
        {
            base.ReadMember(name, ref reader, request);
            return;
        }

        request.ConversationStart = (int)reader.BytesConsumed;
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            request.ConversationEmpty = false;
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadMessage(ref reader, request, index);
            }
            else
            {
                request.Expect(false, $"messages[{index}]", "an object");
                reader.Skip();
            }
        }

        request.ConversationEnd = (int)reader.TokenStartIndex;
    }

    internal override void Complete(ModelRequest request)
    {
        base.Complete(request);
        if (request.ConversationStart is null)
        {
            request.Refuse(ApiError.InvalidRequest("The 'messages' field is missing or not an array.", "messages"));
        }
    }

    private static void ReadMessage(ref Utf8JsonReader reader, ModelRequest request, int index)
    {
        var role = "user";
        var first = request.TextPlaces.Count;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("role"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    role = JsonText.Name(ref reader);
                }
                else
                {
                    request.Expect(false, $"messages[{index}].role", "a string");
                    reader.Skip();
                }
            }
            else if (reader.ValueTextEquals("content"u8))
            {
                reader.Read();
                ReadContent(ref reader, request, "messages", "content", index);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        // The role may stand behind the content, so it is set when both are known.
        request.SaidBy(role, first);
    }

    /// <summary>Takes note of a string, or of an array of parts of which those with a "text" are looked at.</summary>
    /// <param name="list">Member of the request that it stands in.</param>
    /// <param name="name">What it is called there.</param>
    /// <param name="index">Which of the list.</param>
    internal static void ReadContent(ref Utf8JsonReader reader, ModelRequest request, string list, string name, int index)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            request.AddText(ref reader, message: index);
            return;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            if (reader.TokenType != JsonTokenType.Null)
            {
                request.Expect(false, $"{list}[{index}].{name}", "a string or an array of parts");
            }

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
                    request.AddText(ref reader, message: index);
                }
            }
        }
    }
}
