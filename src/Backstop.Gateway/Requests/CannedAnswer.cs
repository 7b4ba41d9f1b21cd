using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Gateway.Dialects;

namespace Backstop.Gateway.Requests;

/// <summary>The text an alias's owner wrote for when no release answers, as an answer.</summary>
internal static class CannedAnswer
{
    /// <summary>The answer, whole or streamed as it was asked for; null where clients would take a text for data.</summary>
    public static byte[]? Of(ModelRequest request, string text, string id)
    {
        if (request.Dialect.Choices is not { } form)
        {
            return null;
        }

        var choice = request.Stream ? form.Piece(0, form.Saying(text), finish: null) : form.Finished(0, form.Saying(text), "stop");
        var answer = new JsonObject
        {
            ["id"] = $"backstop-{id}",
            ["object"] = form.ObjectOf(request.Stream),
            ["created"] = 0,
            ["model"] = request.Alias,
            ["choices"] = new JsonArray(choice),
        };
        if (!request.Stream)
        {
            return JsonSerializer.SerializeToUtf8Bytes(answer);
        }

        var first = JsonSerializer.SerializeToUtf8Bytes(answer);
        answer["choices"] = new JsonArray(form.Piece(0, [], "stop"));
        return [.. "data: "u8, .. first, .. "\n\ndata: "u8, .. JsonSerializer.SerializeToUtf8Bytes(answer), .. "\n\ndata: [DONE]\n\n"u8];
    }
}
