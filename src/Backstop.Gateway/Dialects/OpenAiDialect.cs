using System.Text.Json;
using Backstop.Core.Registry;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Dialects;

/// <summary>What OpenAI's operations have in common: the body names the model, and releases override members of the body.</summary>
internal abstract class OpenAiDialect(string operation) : Dialect
{
    public override string Protocol => "openai";

    public override ErrorForm Errors => ErrorForm.OpenAi;

    public override Uri AddressOf(Serving serving, Uri replica) => Serving.AddressOf(replica, operation);

    internal override void ReadMember(string name, ref Utf8JsonReader reader, ModelRequest request)
    {
        var value = (int)reader.TokenStartIndex;
        switch (name)
        {
            case "model":
                request.Alias = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
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
            case "user" when reader.TokenType == JsonTokenType.String:
                request.User = reader.GetString();
                break;
            default:
                reader.Skip();
                break;
        }
    }

    // What is put into a prompt is looked at like everything else that a caller says.
    protected static void ReadVariables(ref Utf8JsonReader reader, ModelRequest request)
    {
        var start = (int)reader.TokenStartIndex;
        request.Expect(reader.TokenType == JsonTokenType.StartObject, PromptPart.Member, "an object with a value for each variable of the prompt");
        var depth = reader.CurrentDepth;
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            while (reader.Read() && !(reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray && reader.CurrentDepth == depth))
            {
                if (reader.TokenType == JsonTokenType.String)
                {
                    request.AddText(ref reader, PromptPart.Role);
                }
            }
        }

        request.Variables = start..(int)reader.BytesConsumed;
    }

    internal override void Complete(ModelRequest request)
    {
        if (request.Alias is null or "")
        {
            request.Refuse(ApiError.MissingModel());
            return;
        }

        // A request has a model, so what a release adds can stand before the first member.
        request.Parameters = new(request.Members, request.Members[0].Member.Start.Value, "", ",");
    }

    public override List<AnswerText> TextsOf(ReadOnlyMemory<byte> answer) => ChoiceAnswer.Read(answer, Choices!);

    public override void Expect(ReadOnlyMemory<byte> answer)
    {
        if (Choices is null)
        {
            TextsOf(answer);
        }
        else
        {
            Glance.Answer(answer.Span, Choices);
        }
    }

    // Vectors have no texts, so none of them can have changed.
    public override byte[] WithTexts(ReadOnlyMemory<byte> answer, IReadOnlyList<AnswerText> texts) =>
        Choices is null ? answer.ToArray() : ChoiceAnswer.WithTexts(answer, Choices, texts);

    public override byte[]? Blocked(ReadOnlyMemory<byte> answer, string safeText) =>
        Choices is null ? null : ChoiceAnswer.Blocked(answer, Choices, safeText);

    public override bool IsError(ReadOnlyMemory<byte> body) => KindOf(body.Span, "error"u8) == JsonTokenType.StartObject;
}
