using System.Text.Json;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Dialects;

/// <summary>Reads a member that is a text, texts, tokens, or lists of tokens.</summary>
internal static class PlainTexts
{
    public static void Read(string name, ref Utf8JsonReader reader, ModelRequest request)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                request.AddText(ref reader, message: 0);
                return;
            case JsonTokenType.StartArray:
                ReadList(name, ref reader, request);
                return;
            default:
                request.Expect(reader.TokenType == JsonTokenType.Null, name, "a string, or an array of strings or of tokens");
                reader.Skip();
                return;
        }
    }

    private static void ReadList(string name, ref Utf8JsonReader reader, ModelRequest request)
    {
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.String:
                    request.AddText(ref reader, message: index);
                    break;
                case JsonTokenType.Number:
                    request.HasTokens = true;
                    break;
                case JsonTokenType.StartArray:
                    ReadTokens(name, ref reader, request, index);
                    break;
                default:
                    request.Expect(false, $"{name}[{index}]", "a string, a token or an array of tokens");
                    reader.Skip();
                    break;
            }
        }
    }

    private static void ReadTokens(string name, ref Utf8JsonReader reader, ModelRequest request, int index)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            request.HasTokens = true;
            request.Expect(reader.TokenType == JsonTokenType.Number, $"{name}[{index}]", "a string, a token or an array of tokens");
            reader.Skip();
        }
    }
}
