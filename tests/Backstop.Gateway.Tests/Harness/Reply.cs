using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>What a caller got.</summary>
internal sealed record Reply(HttpStatusCode Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public static async Task<Reply> Of(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return new(
            response.StatusCode,
            body,
            response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(',', h.Value), StringComparer.OrdinalIgnoreCase));
    }

    public JsonNode Json => JsonNode.Parse(Body)!;

    /// <summary>The text of the first choice of a whole answer.</summary>
    public string Text => (string)Json["choices"]![0]!["message"]!["content"]!;

    /// <summary>The data of every event of a streamed answer.</summary>
    public string[] Events =>
        [.. Body.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..].Trim())];

    /// <summary>What a client of a streamed answer puts together.</summary>
    public string StreamedText
    {
        get
        {
            var text = new StringBuilder();
            foreach (var chunk in Chunks)
            {
                text.Append((string?)FirstChoice(chunk)?["delta"]?["content"]);
            }

            return text.ToString();
        }
    }

    /// <summary>How a streamed answer ended, or null when it did not.</summary>
    public string? FinishReason => Chunks.Select(c => (string?)FirstChoice(c)?["finish_reason"]).LastOrDefault(r => r is not null);

    private IEnumerable<JsonNode> Chunks => Events.Where(e => e != "[DONE]").Select(e => JsonNode.Parse(e)!);

    // A chunk that only carries the usage has no choice.
    private static JsonNode? FirstChoice(JsonNode chunk) => chunk["choices"] is JsonArray { Count: > 0 } choices ? choices[0] : null;

    /// <summary>An error in OpenAI's form, with this status and code, an id to ask about, and nothing of the gateway's insides.</summary>
    public void IsError(HttpStatusCode status, string code)
    {
        Assert.True(Status == status, $"{(int)Status}: {Body}");
        var error = Json["error"]!.AsObject();
        Assert.Equal(["code", "message", "param", "type"], error.Select(m => m.Key).Order(StringComparer.Ordinal));
        Assert.Equal(code, (string?)error["code"]);
        Assert.Equal(code, Headers["x-backstop-error"]);
        Assert.False(string.IsNullOrWhiteSpace((string?)error["message"]));
        Assert.False(string.IsNullOrWhiteSpace((string?)error["type"]));
        IsClean();
    }

    /// <summary>An error in Open Inference's form; its code is in a header.</summary>
    public void IsInferenceError(HttpStatusCode status, string code)
    {
        Assert.True(Status == status, $"{(int)Status}: {Body}");
        Assert.Equal(code, Headers["x-backstop-error"]);
        Assert.Equal(["error"], Json.AsObject().Select(m => m.Key));
        Assert.False(string.IsNullOrWhiteSpace((string?)Json["error"]));
        IsClean();
    }

    private void IsClean()
    {
        Assert.True(Headers.ContainsKey("x-request-id"), "An error without a request id cannot be asked about.");
        Assert.Equal("application/json", Headers["Content-Type"]);
        Assert.DoesNotContain("   at ", Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", Body, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Backstop.", Body, StringComparison.Ordinal);
    }
}
