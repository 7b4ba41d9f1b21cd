using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Demo;

/// <summary>One user's side of a chat: asks, reads the whole answer, streamed or not.</summary>
internal sealed class ChatCaller(HttpClient http, string alias)
{
    /// <summary>What came back before anybody looked whether it is right.</summary>
    internal sealed record Answer(int Status, string? Release, string Text, bool Filtered, TimeSpan Latency);

    /// <summary>Asks once. A lost connection is an answer with status 0, because that is what the user saw.</summary>
    public async Task<Answer> Ask(string requestId, string prompt, bool stream, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
            {
                Content = JsonContent.Create(new { model = alias, stream, messages = new[] { new { role = "user", content = prompt } } }),
            };
            request.Headers.Add("x-request-id", requestId);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            var release = response.Headers.TryGetValues("x-backstop-release", out var names) ? names.First() : null;
            var (text, filtered) = stream && response.IsSuccessStatusCode
                ? await ReadStream(response, cancel)
                : ReadWhole(await response.Content.ReadAsStringAsync(cancel));
            return new((int)response.StatusCode, release, text, filtered, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return new(0, null, "", false, Stopwatch.GetElapsedTime(started));
        }
    }

    /// <summary>Says whether an answer was right.</summary>
    public async Task Score(string requestId, bool correct, string expected, CancellationToken cancel)
    {
        try
        {
            using var label = new StringContent(
                JsonSerializer.Serialize(new { request_id = requestId, correct, expected }), Encoding.UTF8, "application/json");
            using var response = await http.PostAsync("v1/feedback", label, cancel);
        }
        catch (HttpRequestException)
        {
            // A label that does not arrive counts as unlabelled; that is the gateway's business and no reason to stop.
        }
    }

    private static (string Text, bool Filtered) ReadWhole(string body)
    {
        var root = JsonNode.Parse(body)!;
        if (root["error"] is { } error)
        {
            return ("", (string?)error["code"] == "content_filter");
        }

        var choice = root["choices"]![0]!;
        return ((string?)choice["message"]?["content"] ?? "", (string?)choice["finish_reason"] == "content_filter");
    }

    private static async Task<(string Text, bool Filtered)> ReadStream(HttpResponseMessage response, CancellationToken cancel)
    {
        const string prefix = "data: ";
        var text = new StringBuilder();
        var filtered = false;
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancel));
        while (await lines.ReadLineAsync(cancel) is { } line && line != prefix + "[DONE]")
        {
            if (line.StartsWith(prefix, StringComparison.Ordinal) && JsonNode.Parse(line[prefix.Length..])?["choices"] is JsonArray { Count: > 0 } choices)
            {
                text.Append((string?)choices[0]?["delta"]?["content"]);
                filtered |= (string?)choices[0]?["finish_reason"] == "content_filter";
            }
        }

        return (text.ToString(), filtered);
    }
}
