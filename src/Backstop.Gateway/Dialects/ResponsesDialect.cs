using System.Text.Json;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Dialects;

/// <summary><c>POST /v1/responses</c>, for releases whose model servers have it.</summary>
/// <remarks>Stored responses and what follows on them stay with the model server: an earlier answer's texts were screened when it was given.</remarks>
internal sealed class ResponsesDialect() : OpenAiDialect("responses")
{
    public override string Operation => "generate_content";

    public override string TextMember => "input";

    public override bool Streams => true;

    internal override void ReadMember(string name, ref Utf8JsonReader reader, ModelRequest request)
    {
        switch (name)
        {
            case "instructions" when reader.TokenType == JsonTokenType.String:
                request.AddText(ref reader, "system");
                break;
            case "input" when reader.TokenType == JsonTokenType.String:
                request.AddText(ref reader, message: 0);
                request.SaidAlone();
                break;
            case "input" when reader.TokenType == JsonTokenType.StartArray:
                ReadItems(ref reader, request);
                break;
            case "input":
                request.Expect(false, "input", "a string or an array of items");
                reader.Skip();
                break;
            case PromptPart.Member:
                ReadVariables(ref reader, request);
                break;
            default:
                base.ReadMember(name, ref reader, request);
                break;
        }
    }

    internal override void Complete(ModelRequest request)
    {
        base.Complete(request);
        if (request.ConversationStart is null && request.LoneText is null)
        {
            request.Refuse(ApiError.InvalidRequest("The 'input' field is missing: it holds what the model is asked.", "input"));
        }
    }

    public override List<AnswerText> TextsOf(ReadOnlyMemory<byte> answer) => ResponseAnswer.Read(answer);

    public override void Expect(ReadOnlyMemory<byte> answer)
    {
        if (KindOf(answer.Span, "output"u8) != JsonTokenType.StartArray)
        {
            throw new JsonException("the answer has no output.");
        }
    }

    public override byte[] WithTexts(ReadOnlyMemory<byte> answer, IReadOnlyList<AnswerText> texts) => ResponseAnswer.WithTexts(answer, texts);

    public override byte[] Blocked(ReadOnlyMemory<byte> answer, string safeText) => ResponseAnswer.Blocked(answer, safeText);

    private static void ReadItems(ref Utf8JsonReader reader, ModelRequest request)
    {
        request.ConversationStart = (int)reader.BytesConsumed;
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            request.ConversationEmpty = false;
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadItem(ref reader, request, index);
            }
            else
            {
                request.Expect(false, $"input[{index}]", "an object");
                reader.Skip();
            }
        }
    }

    // A message, or what a tool returned; of other items there is nothing to be looked at.
    private static void ReadItem(ref Utf8JsonReader reader, ModelRequest request, int index)
    {
        var role = "user";
        var first = request.TextPlaces.Count;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isRole, isContent, isOutput) = (reader.ValueTextEquals("role"u8), reader.ValueTextEquals("content"u8), reader.ValueTextEquals("output"u8));
            reader.Read();
            if (isContent || isOutput)
            {
                role = isOutput ? "tool" : role;
                ChatDialect.ReadContent(ref reader, request, "input", isOutput ? "output" : "content", index);
                continue;
            }

            role = isRole && reader.TokenType == JsonTokenType.String ? JsonText.Name(ref reader) : role;
            reader.Skip();
        }

        request.SaidBy(role, first);
    }
}
