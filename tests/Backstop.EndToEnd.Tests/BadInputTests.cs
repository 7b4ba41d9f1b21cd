using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Backstop.EndToEnd.Tests;

/// <summary>Whatever a caller sends, it gets OpenAI's error shape with a code that never changes, and never a stack trace.</summary>
[Collection<OneServer>]
public sealed class BadInputTests(RunningBackstop backstop)
{
    private const string Chat = """{"model":"MODEL","messages":[{"role":"user","content":"What is 2 + 2?"}]}""";

    [Fact]
    public async Task An_alias_that_nobody_made_is_404_unknown_alias() =>
        await Refuses(Chat.Replace("MODEL", "nobody:prod", StringComparison.Ordinal), HttpStatusCode.NotFound, "unknown_alias");

    [Fact]
    public async Task Broken_JSON_is_400_invalid_json() =>
        await Refuses("{\"model\":", HttpStatusCode.BadRequest, "invalid_json");

    [Fact]
    public async Task A_request_without_a_model_is_400_missing_model() =>
        await Refuses("""{"messages":[{"role":"user","content":"hello"}]}""", HttpStatusCode.BadRequest, "missing_model");

    [Fact]
    public async Task A_body_over_the_limit_is_413_body_too_large() => await Refuses(
        Chat.Replace("MODEL", RunningBackstop.Alias, StringComparison.Ordinal).Replace("2 + 2", new string('2', 11_000_000), StringComparison.Ordinal),
        HttpStatusCode.RequestEntityTooLarge,
        "body_too_large");

    [Fact]
    public async Task A_label_for_a_request_that_nobody_sent_is_404()
    {
        using var http = new HttpClient { BaseAddress = backstop.Http };
        using var content = new StringContent("""{"request_id":"never-sent","correct":true}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("v1/feedback", content, TestContext.Current.CancellationToken);

        await IsError(answer, HttpStatusCode.NotFound, "unknown_request");
    }

    private async Task Refuses(string body, HttpStatusCode status, string code)
    {
        using var http = new HttpClient { BaseAddress = backstop.Http };
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("v1/chat/completions", content, TestContext.Current.CancellationToken);

        await IsError(answer, status, code);
        Assert.True(answer.Headers.Contains("x-request-id"), "An error without a request id cannot be asked about.");
    }

    private static async Task IsError(HttpResponseMessage answer, HttpStatusCode status, string code)
    {
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(status, answer.StatusCode);
        var error = JsonNode.Parse(text)?["error"];
        Assert.False(string.IsNullOrEmpty((string?)error?["message"]), text);
        Assert.NotNull((string?)error?["type"]);
        Assert.Equal(code, (string?)error["code"]);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }
}

/// <summary>A class of its own, because it ends its model servers.</summary>
public sealed class NoWarmReleaseTests
{
    [Fact]
    public async Task With_every_model_server_dead_the_caller_gets_a_stable_code()
    {
        await using var backstop = new RunningBackstop();
        await backstop.InitializeAsync();
        await backstop.KillPool();
        using var http = new HttpClient { BaseAddress = backstop.Http };
        using var content = new StringContent(
            $$"""{"model":"{{RunningBackstop.Alias}}","messages":[{"role":"user","content":"hello"}]}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("v1/chat/completions", content, TestContext.Current.CancellationToken);

        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))?["error"];
        Assert.Equal("no_warm_release", (string?)error?["code"]);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }
}
