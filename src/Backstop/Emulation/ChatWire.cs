using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backstop.Emulation;

// The parts of the OpenAI chat API that the emulator speaks.
// https://platform.openai.com/docs/api-reference/chat

internal sealed record ChatRequest(
    string? Model, IReadOnlyList<PromptMessage>? Messages, bool? Stream, StreamOptions? StreamOptions, int? N);

internal sealed record StreamOptions(bool? IncludeUsage);

/// <param name="Content">A string, or a list of parts of which those of type text count.</param>
internal sealed record PromptMessage(string? Role, JsonElement? Content)
{
    public string Text => Content switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { ValueKind: JsonValueKind.Array } parts => string.Join('\n', parts.EnumerateArray().Select(PartText).OfType<string>()),
        _ => "",
    };

    private static string? PartText(JsonElement part) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;
}

internal sealed record ChatReply(string Id, string Object, long Created, string Model, ChatChoice[] Choices, ChatUsage? Usage)
{
    public string? SystemFingerprint { get; init; }
}

internal sealed record ChatChoice(int Index, ChatText? Message, ChatText? Delta, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason);

internal sealed record ChatText(string? Role, string? Content);

internal sealed record ChatUsage(int PromptTokens, int CompletionTokens, int TotalTokens);

internal sealed record ModelList(string Object, ModelEntry[] Data);

internal sealed record ModelEntry(string Id, string Object, long Created, string OwnedBy);

internal sealed record ErrorReply(ErrorDetail Error);

internal sealed record ErrorDetail(
    string Message,
    string Type,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code);

[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatReply))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ErrorReply))]
[JsonSerializable(typeof(ProfileChange))]
[JsonSerializable(typeof(EmulatorProfile))]
[JsonSerializable(typeof(TruthSummary))]
internal sealed partial class ChatJson : JsonSerializerContext
{
    /// <summary>Snake case; nulls left out except where the API wants them; no escapes that no JSON reader needs.</summary>
    public static ChatJson Wire { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
