using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>What a model server may answer, well or badly.</summary>
internal static class Answers
{
    public const string Toxic = "You are a worthless idiot and everybody hates you.";

    /// <summary>Long enough that a stream of it is on its way to the caller before it ends.</summary>
    public static readonly string Story = string.Concat(Enumerable.Repeat("The sum of four and five is nine. ", 40));

    /// <summary>A good server: whole or streamed, as it was asked.</summary>
    public static RequestDelegate Chat(string text) => async http =>
    {
        var asked = JsonNode.Parse(await Body(http))!;
        await ((bool?)asked["stream"] == true ? Stream(Sse(Pieces(text, 7))) : Json(200, Completion(text)))(http);
    };

    /// <summary>Any status with any body.</summary>
    public static RequestDelegate Json(int status, string body, string contentType = "application/json") => async http =>
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = contentType;
        await http.Response.WriteAsync(body, http.RequestAborted);
    };

    /// <summary>An event stream in the given pieces, each of which leaves on its own.</summary>
    public static RequestDelegate Stream(params byte[][] pieces) => async http =>
    {
        http.Response.ContentType = "text/event-stream; charset=utf-8";
        foreach (var piece in pieces)
        {
            await http.Response.Body.WriteAsync(piece, http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    };

    /// <summary>An event stream that pauses between two pieces until it is told to go on.</summary>
    public static RequestDelegate Paused(byte[] first, Task go, byte[] rest) => async http =>
    {
        await Stream(first)(http);
        await go.WaitAsync(http.RequestAborted);
        await http.Response.Body.WriteAsync(rest, http.RequestAborted);
    };

    /// <summary>Takes the request and never answers.</summary>
    public static RequestDelegate Hang() => async http =>
    {
        var gone = new TaskCompletionSource();
        await using var registration = http.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    };

    /// <summary>Cuts the connection after some bytes.</summary>
    public static RequestDelegate BreakOff(byte[] first) => async http =>
    {
        await Stream(first)(http);
        http.Abort();
    };

    public static string Completion(params string[] texts) => new JsonObject
    {
        ["id"] = "chatcmpl-1",
        ["object"] = "chat.completion",
        ["created"] = 1_700_000_000,
        ["model"] = "tiny",
        ["choices"] = new JsonArray([.. texts.Select((text, i) => new JsonObject
        {
            ["index"] = i,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
            ["finish_reason"] = "stop",
        })]),
        ["usage"] = new JsonObject { ["prompt_tokens"] = 3, ["completion_tokens"] = 2, ["total_tokens"] = 5 },
    }.ToJsonString();

    /// <summary>The events of a streamed answer whose text comes in these pieces, with its end unless told otherwise.</summary>
    public static byte[] Sse(IEnumerable<string> pieces, bool ends = true)
    {
        var events = new StringBuilder();
        events.Append(Event(new JsonObject { ["role"] = "assistant", ["content"] = "" }, null));
        foreach (var piece in pieces)
        {
            events.Append(Event(new JsonObject { ["content"] = piece }, null));
        }

        if (ends)
        {
            events.Append(Event([], "stop")).Append("data: [DONE]\n\n");
        }

        return Encoding.UTF8.GetBytes(events.ToString());
    }

    /// <summary>A text cut every so many characters, never inside a surrogate pair.</summary>
    public static IEnumerable<string> Pieces(string text, int size)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = Math.Min(start + size, text.Length);
            end += end < text.Length && char.IsLowSurrogate(text[end]) ? 1 : 0;
            yield return text[start..end];
            start = end;
        }
    }

    public static async Task<string> Body(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        return await reader.ReadToEndAsync(http.RequestAborted);
    }

    private static string Event(JsonObject delta, string? finish) => "data: " + new JsonObject
    {
        ["id"] = "chatcmpl-1",
        ["object"] = "chat.completion.chunk",
        ["created"] = 1_700_000_000,
        ["model"] = "tiny",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish }),
    }.ToJsonString() + "\n\n";
}
