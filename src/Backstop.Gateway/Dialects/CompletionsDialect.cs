using System.Text.Json;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Dialects;

/// <summary><c>POST /v1/completions</c>: a text, or tokens, to be gone on with.</summary>
internal sealed class CompletionsDialect() : OpenAiDialect("completions")
{
    public override string Operation => "text_completion";

    public override string TextMember => "prompt";

    public override ChoiceForm Choices => ChoiceForm.Completion;

    internal override void ReadMember(string name, ref Utf8JsonReader reader, ModelRequest request)
    {
        switch (name)
        {
            case "prompt":
                PlainTexts.Read(name, ref reader, request);
                break;
            case "suffix" when reader.TokenType == JsonTokenType.String:
                request.AddText(ref reader, message: 0);
                break;
            default:
                base.ReadMember(name, ref reader, request);
                break;
        }
    }
}
