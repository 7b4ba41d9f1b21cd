using System.Text.Json;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Dialects;

/// <summary><c>POST /v1/embeddings</c>: texts, or tokens, to be made vectors of. The vectors have nothing to screen.</summary>
internal sealed class EmbeddingsDialect() : OpenAiDialect("embeddings")
{
    public override string Operation => "embeddings";

    public override string TextMember => "input";

    internal override void ReadMember(string name, ref Utf8JsonReader reader, ModelRequest request)
    {
        switch (name)
        {
            case "input":
                PlainTexts.Read(name, ref reader, request);
                break;
            case "stream":
                reader.Skip(); // Means nothing here, and passes as everything does that means nothing here.
                break;
            default:
                base.ReadMember(name, ref reader, request);
                break;
        }
    }

    internal override void Complete(ModelRequest request)
    {
        base.Complete(request);
        if (!request.Members.Exists(m => m.Name == "input"))
        {
            request.Refuse(ApiError.InvalidRequest("The 'input' field is missing: it holds the texts to embed.", "input"));
        }
    }

    public override List<AnswerText> TextsOf(ReadOnlyMemory<byte> answer) =>
        KindOf(answer.Span, "data"u8) == JsonTokenType.StartArray ? [] : throw new JsonException("the answer has no vectors.");
}
