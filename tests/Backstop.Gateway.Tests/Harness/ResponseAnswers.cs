using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>What a model server answers in the responses API.</summary>
internal static class ResponseAnswers
{
    /// <summary>A good server: whole or streamed, as it was asked.</summary>
    public static RequestDelegate Says(string text) => async http =>
    {
        var asked = JsonNode.Parse(await new StreamReader(http.Request.Body).ReadToEndAsync(http.RequestAborted))!;
        await ((bool?)asked["stream"] == true ? Answers.Stream(Events(text, text)) : Answers.Json(200, Whole(text).ToJsonString()))(http);
    };

    public static JsonObject Whole(string text) => new()
    {
        ["id"] = "resp_1", ["object"] = "response", ["created_at"] = 1_700_000_000, ["status"] = "completed", ["model"] = "tiny",
        ["parallel_tool_calls"] = true, ["tool_choice"] = "auto", ["tools"] = new JsonArray(),
        ["output"] = new JsonArray(Message(text)),
        ["usage"] = new JsonObject
        {
            ["input_tokens"] = 3, ["output_tokens"] = 2, ["total_tokens"] = 5,
            ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = 0 }, ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
        },
    };

    /// <summary>Its events.</summary>
    /// <param name="said">What comes in pieces.</param>
    /// <param name="end">What the events at the end say was said.</param>
    public static byte[] Events(string said, string end)
    {
        var begun = Whole("");
        (begun["status"], begun["output"]) = ("in_progress", new JsonArray());
        var empty = Message("");
        empty["content"] = new JsonArray();
        List<JsonObject> events =
        [
            new() { ["type"] = "response.created", ["response"] = begun },
            new() { ["type"] = "response.output_item.added", ["output_index"] = 0, ["item"] = empty },
            new() { ["type"] = "response.content_part.added", ["item_id"] = "msg_1", ["output_index"] = 0, ["content_index"] = 0, ["part"] = Part("") },
            .. Answers.Pieces(said, 7).Select(piece => new JsonObject
            {
                ["type"] = "response.output_text.delta", ["item_id"] = "msg_1", ["output_index"] = 0, ["content_index"] = 0, ["delta"] = piece, ["logprobs"] = new JsonArray(),
            }),
            new() { ["type"] = "response.output_text.done", ["item_id"] = "msg_1", ["output_index"] = 0, ["content_index"] = 0, ["text"] = end, ["logprobs"] = new JsonArray() },
            new() { ["type"] = "response.content_part.done", ["item_id"] = "msg_1", ["output_index"] = 0, ["content_index"] = 0, ["part"] = Part(end) },
            new() { ["type"] = "response.output_item.done", ["output_index"] = 0, ["item"] = Message(end) },
            new() { ["type"] = "response.completed", ["response"] = Whole(end) },
        ];
        var number = 0;
        return Encoding.UTF8.GetBytes(string.Concat(events.Select(e =>
        {
            e["sequence_number"] = number++;
            return $"event: {(string?)e["type"]}\ndata: {e.ToJsonString()}\n\n";
        })));
    }

    private static JsonObject Message(string text) => new()
    {
        ["id"] = "msg_1", ["type"] = "message", ["status"] = "completed", ["role"] = "assistant", ["content"] = new JsonArray(Part(text)),
    };

    private static JsonObject Part(string text) => new() { ["type"] = "output_text", ["text"] = text, ["annotations"] = new JsonArray() };
}
