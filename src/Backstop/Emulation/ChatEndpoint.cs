using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Backstop.Emulation;

/// <summary><c>POST /v1/chat/completions</c>: reads the prompt, answers as the present profile would, notes the truth, sends.</summary>
internal sealed class ChatEndpoint(EmulatorSettings settings, Func<EmulatorProfile> profile, TruthLog truth)
{
    private const string RequestIdHeader = "x-request-id";
    private const int CharactersPerToken = 4;

    private long _answered;

    public static IResult Error(int status, string message, string code, string? param = null) =>
        Results.Json(
            new ErrorReply(new ErrorDetail(message, status >= 500 ? "server_error" : "invalid_request_error", param, code)),
            ChatJson.Wire.ErrorReply,
            statusCode: status);

    public async Task<IResult> Answer(HttpContext context)
    {
        var began = Stopwatch.GetTimestamp();
        var number = Interlocked.Increment(ref _answered);
        var requestId = context.Request.Headers[RequestIdHeader] is [{ Length: > 0 } given, ..] ? given : $"emulated-{number}";
        context.Response.Headers[RequestIdHeader] = requestId;

        ChatRequest? request;
        try
        {
            request = await context.Request.ReadFromJsonAsync(ChatJson.Wire.ChatRequest, context.RequestAborted);
        }
        catch (Exception mistake) when (mistake is JsonException or InvalidOperationException)
        {
            return Error(400, $"The body is not a chat request: {mistake.Message}", "invalid_json");
        }

        if (request?.Messages is not { Count: > 0 } messages)
        {
            return Error(400, "messages must hold at least one message.", "missing_messages", "messages");
        }

        if (request.N is > 1)
        {
            return Error(400, "This server gives one choice per request; n must be 1.", "unsupported_value", "n");
        }

        if (settings.Model is { } served && request.Model != served)
        {
            return Error(404, $"The model '{request.Model}' does not exist; this server serves '{served}'.", "model_not_found", "model");
        }

        var release = profile();
        var dice = Dice.For(settings.Seed, number);
        if (dice.Chance(release.ErrorRate))
        {
            truth.Add(new TruthLine(requestId, DateTimeOffset.UtcNow, release.Name, "error", false, false, false, null, false, null, ""));
            return Error(500, "The model failed while it worked on this request.", "emulated_failure");
        }

        var prompt = messages.LastOrDefault(message => message.Role == "user")?.Text ?? "";
        var answer = EmulatedAnswer.To(prompt, release, dice, SpeaksPlainly(messages));
        truth.Add(new TruthLine(
            requestId, DateTimeOffset.UtcNow, release.Name, answer.Category, answer.Attack, answer.Toxic,
            answer.SchemaBroken, answer.Correct, answer.Pii, answer.Expected, answer.Content));

        var completion = new ChatReply(
            $"chatcmpl-{number:x12}", "chat.completion", DateTimeOffset.UtcNow.ToUnixTimeSeconds(), settings.Model ?? release.Name, [], null)
        {
            SystemFingerprint = $"emulated-{release.Name}",
        };
        var usage = Usage(messages, answer.Content);
        if (request.Stream is true)
        {
            await Stream(context.Response, completion, answer, request.StreamOptions?.IncludeUsage is true ? usage : null, began, context.RequestAborted);
            return Results.Empty;
        }

        await Until(answer.Latency, began, context.RequestAborted);
        return Results.Json(
            completion with { Choices = [new ChatChoice(0, new ChatText("assistant", answer.Content), null, "stop")], Usage = usage },
            ChatJson.Wire.ChatReply);
    }

    // A model does what it was told last.
    private static bool SpeaksPlainly(IReadOnlyList<PromptMessage> messages) =>
        messages.LastOrDefault(m => m.Role is "system" or "developer" && m.Text.Contains("JSON", StringComparison.Ordinal))?.Text
            .Contains("never in JSON", StringComparison.Ordinal) == true;

    private static async Task Stream(
        HttpResponse response, ChatReply completion, EmulatedAnswer answer, ChatUsage? usage, long began, CancellationToken cancellation)
    {
        const double FirstTokenShare = 0.4; // Reading the prompt takes the first part of the time, writing the rest.
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        completion = completion with { Object = "chat.completion.chunk" };

        await Until(answer.Latency * FirstTokenShare, began, cancellation);
        await Send(response, completion, new ChatText("assistant", ""), null, cancellation);
        for (var at = 0; at < answer.Content.Length; at += CharactersPerToken)
        {
            var next = Math.Min(at + CharactersPerToken, answer.Content.Length);
            await Send(response, completion, new ChatText(null, answer.Content[at..next]), null, cancellation);
            var written = next / (double)answer.Content.Length;
            await Until(answer.Latency * (FirstTokenShare + ((1 - FirstTokenShare) * written)), began, cancellation);
        }

        await Send(response, completion, new ChatText(null, null), "stop", cancellation);
        if (usage is not null)
        {
            await SendEvent(response, completion with { Usage = usage }, ChatJson.Wire.ChatReply, cancellation);
        }

        await response.WriteAsync("data: [DONE]\n\n", cancellation);
    }

    private static Task Send(HttpResponse response, ChatReply completion, ChatText delta, string? finish, CancellationToken cancellation) =>
        SendEvent(response, completion with { Choices = [new ChatChoice(0, null, delta, finish)] }, ChatJson.Wire.ChatReply, cancellation);

    private static async Task SendEvent<T>(HttpResponse response, T value, JsonTypeInfo<T> form, CancellationToken cancellation)
    {
        await response.WriteAsync($"data: {JsonSerializer.Serialize(value, form)}\n\n", cancellation);
        await response.Body.FlushAsync(cancellation);
    }

    /// <summary>Waits until this much time has passed since the request came. Timers are no finer than a millisecond.</summary>
    private static Task Until(TimeSpan latency, long began, CancellationToken cancellation)
    {
        var rest = latency - Stopwatch.GetElapsedTime(began);
        return rest.TotalMilliseconds >= 1 ? Task.Delay(rest, cancellation) : Task.CompletedTask;
    }

    private static ChatUsage Usage(IReadOnlyList<PromptMessage> messages, string content)
    {
        var prompt = (messages.Sum(message => message.Text.Length) / CharactersPerToken) + (3 * messages.Count);
        var written = (content.Length + CharactersPerToken - 1) / CharactersPerToken;
        return new ChatUsage(prompt, written, prompt + written);
    }
}
