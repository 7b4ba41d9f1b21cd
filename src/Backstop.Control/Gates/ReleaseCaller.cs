using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Control.Rollouts;
using Backstop.Core.Gates;
using Backstop.Core.Prompts;
using Backstop.Core.Registry;
using Backstop.Prompts;

namespace Backstop.Control.Gates;

/// <summary>Asks the replicas of a release as the gateway would: its prompt, parameters and model name around the question.</summary>
/// <remarks>Nothing is remembered, and caches on the way are told to keep out: repeats served from a cache are not repeats.</remarks>
public sealed class ReleaseCaller(int connections, TimeSpan timeout) : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly ModelServers _servers = new(timeout, connections);

    /// <summary>What a release says before every question. A case has no variables, so its prompt is filled in as its author shows it.</summary>
    /// <exception cref="PromptException">A variable has neither an example nor a default.</exception>
    public static ImmutableArray<PromptMessage> PromptOf(Release release)
    {
        if (release.Prompt is not { } prompt)
        {
            return [];
        }

        var (messages, refused) = PromptTemplate.Compile(prompt).Render(PromptTemplate.Examples(prompt));
        return refused is null
            ? messages
            : throw new PromptException($"gates cannot ask {release.Name}. {refused} Declare an example or a default for it in the prompt.");
    }

    /// <summary>The body that asks a release a question.</summary>
    public static byte[] BodyOf(Release release, ImmutableArray<PromptMessage> prompt, ImmutableArray<GateMessage> asked)
    {
        var body = new JsonObject();
        foreach (var (name, value) in release.Parameters)
        {
            body[name] = JsonNode.Parse(value);
        }

        var messages = new JsonArray();
        foreach (var said in prompt)
        {
            messages.Add(new JsonObject { ["role"] = said.Role, ["content"] = said.Text });
        }

        foreach (var message in asked)
        {
            messages.Add(new JsonObject { ["role"] = message.Role, ["content"] = message.Content });
        }

        body["model"] = release.Serving.Model;
        body["messages"] = messages;
        body["stream"] = false;
        body["n"] = 1;
        return JsonSerializer.SerializeToUtf8Bytes(body);
    }

    /// <summary>One fresh answer, or why there is none.</summary>
    public async Task<(ModelAnswer? Answer, string? Error)> Ask(
        Release release, Uri replica, ImmutableArray<KeyValuePair<string, string>> headers, byte[] body, CancellationToken cancel)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Serving.AddressOf(replica, "chat/completions"));
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = Json } };
            request.Headers.CacheControl = new() { NoCache = true, NoStore = true };
            request.Headers.Add("x-request-id", $"gate-{Guid.CreateVersion7():N}");
            foreach (var (name, value) in headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var response = await _servers.For(release).SendAsync(request, cancel);
            if (!response.IsSuccessStatusCode)
            {
                return (null, $"{replica.Authority} answered {(int)response.StatusCode}");
            }

            return AnswerOf(await response.Content.ReadAsByteArrayAsync(cancel)) is { } answer ? (answer, null) : (null, $"{replica.Authority} sent no text");
        }
        catch (MissingSecretException e)
        {
            return (null, e.Message);
        }
        catch (HttpRequestException e)
        {
            return (null, $"{replica.Authority} cannot be reached: {e.HttpRequestError}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return (null, $"{replica.Authority} did not answer within {timeout.TotalSeconds:0} s");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _servers.Dispose();

    // The first choice, or null when the answer is no chat completion with text or calls of tools.
    private static ModelAnswer? AnswerOf(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var message = document.RootElement.GetProperty("choices")[0].GetProperty("message");
            ImmutableArray<ToolCall> calls = message.TryGetProperty("tool_calls", out var list) && list.ValueKind == JsonValueKind.Array
                ? [.. list.EnumerateArray().Select(call => call.GetProperty("function")).Select(f => new ToolCall(f.GetProperty("name").GetString()!, f.GetProperty("arguments").GetString()!))]
                : [];
            var text = message.TryGetProperty("content", out var content) ? content.GetString() : null;
            return text is null && calls.IsEmpty ? null : new(text ?? "", calls);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
