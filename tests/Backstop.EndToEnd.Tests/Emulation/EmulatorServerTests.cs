using System.ClientModel;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Backstop.Emulation;
using OpenAI;
using OpenAI.Chat;

namespace Backstop.EndToEnd.Tests.Emulation;

public sealed class EmulatorServerTests : IAsyncLifetime
{
    private static readonly EmulatorProfile Quick = EmulatorProfile.V8 with { LatencyMedianMs = 1, LatencyP99Ms = 2 };

    private readonly string _truthFile = Path.Combine(Path.GetTempPath(), $"truth-{Guid.NewGuid():n}.jsonl");
    private EmulatorServer _server = null!;
    private HttpClient _http = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await EmulatorServer.Start(new EmulatorSettings { Profile = Quick, TruthFile = _truthFile, Seed = 5 }, Cancellation);
        _http = new HttpClient { BaseAddress = _server.Url };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        File.Delete(_truthFile);
    }

    [Fact]
    public async Task The_official_client_completes_a_chat_and_a_streamed_chat()
    {
        var client = new ChatClient("v8", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(_server.Url, "v1") });

        ChatCompletion whole = await client.CompleteChatAsync([new UserChatMessage("What is 17 + 25?")], cancellationToken: Cancellation);
        var streamed = new StringBuilder();
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("What is 17 + 25?")], cancellationToken: Cancellation))
        {
            streamed.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
        }

        Assert.Equal([whole.Content[0].Text, streamed.ToString()], TruthLog.Read(_truthFile).Select(line => line.Content));
        Assert.Equal(ChatFinishReason.Stop, whole.FinishReason);
        Assert.True(whole.Usage.TotalTokenCount > 0);
    }

    [Fact]
    public async Task Streamed_and_plain_answers_of_the_same_seed_and_number_are_the_same_text()
    {
        await using var twin = await EmulatorServer.Start(new EmulatorSettings { Profile = Quick, Seed = 5 }, Cancellation);
        using var twinHttp = new HttpClient { BaseAddress = twin.Url };
        for (var n = 0; n < 50; n++)
        {
            var question = Questions.Next(Dice.For(21, n)).Text;

            Assert.Equal(await Ask(_http, question), await AskStreamed(twinHttp, question));
        }
    }

    [Fact]
    public async Task The_truth_file_has_one_line_per_answer_under_the_callers_request_id()
    {
        var contents = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var n = 0; n < 100; n++)
        {
            contents[$"request-{n}"] = await Ask(_http, Questions.Next(Dice.For(22, n)).Text, $"request-{n}");
        }

        var truth = TruthLog.Read(_truthFile).ToList();
        Assert.Equal(contents, truth.ToDictionary(line => line.RequestId, line => line.Content, StringComparer.Ordinal));

        var summary = await _http.GetFromJsonAsync<JsonElement>("emulator/truth/summary", Cancellation);
        Assert.Equal(100, summary.GetProperty("answers").GetInt32());
        Assert.Equal(truth.Count(line => line.Toxic), summary.GetProperty("toxic").GetInt32());
        Assert.Equal(
            truth.GroupBy(line => line.Category).ToDictionary(group => group.Key, group => group.Count()),
            summary.GetProperty("categories").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetInt32()));
    }

    [Fact]
    public async Task A_fault_can_be_injected_while_it_runs_and_taken_back()
    {
        var changed = await _http.PostAsJsonAsync("emulator/profile", new { error_rate = 1.0 }, Cancellation);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        using var failed = await Post(_http, "What is 1 + 3?");
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.Equal("emulated_failure", await ErrorCode(failed));
        Assert.Equal(Quick with { ErrorRate = 1 }, _server.Profile);

        await _http.PostAsJsonAsync("emulator/profile", new { @base = "v7", latency_median_ms = 1 }, Cancellation);
        using var healthy = await Post(_http, "What is 1 + 3?");
        Assert.Equal(HttpStatusCode.OK, healthy.StatusCode);
        Assert.Equal(EmulatorProfile.V7 with { LatencyMedianMs = 1 }, _server.Profile);
    }

    [Theory]
    [InlineData("""{"accuracy": 1.5}""", "invalid_profile")]
    [InlineData("""{"accuracy": "high"}""", "invalid_profile")]
    [InlineData("""{"base": "v9"}""", "unknown_profile")]
    [InlineData("""{"latency_p99_ms": 0.5}""", "invalid_profile")]
    [InlineData("""{"acuracy": 0.5}""", "invalid_profile")]
    [InlineData("not json", "invalid_profile")]
    public async Task A_senseless_change_is_refused_and_changes_nothing(string body, string code)
    {
        using var reply = await _http.PostAsync("emulator/profile", new StringContent(body, Encoding.UTF8, "application/json"), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal(code, await ErrorCode(reply));
        Assert.Equal(Quick, _server.Profile);
    }

    [Theory]
    [InlineData("{", "invalid_json")]
    [InlineData("""{"model": "v8"}""", "missing_messages")]
    [InlineData("""{"model": "v8", "messages": []}""", "missing_messages")]
    [InlineData("""{"model": "v8", "n": 2, "messages": [{"role": "user", "content": "hi"}]}""", "unsupported_value")]
    public async Task A_bad_request_gets_the_error_shape_of_the_API(string body, string code)
    {
        using var reply = await _http.PostAsync("v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal(code, await ErrorCode(reply));
    }

    [Fact]
    public async Task A_server_of_one_model_serves_no_other_and_lists_itself()
    {
        await using var strict = await EmulatorServer.Start(new EmulatorSettings { Profile = Quick, Model = "acme-8b" }, Cancellation);
        using var http = new HttpClient { BaseAddress = strict.Url };

        using var reply = await Post(http, "What is 1 + 3?");
        var models = await http.GetFromJsonAsync<JsonElement>("v1/models", Cancellation);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
        Assert.Equal("model_not_found", await ErrorCode(reply));
        Assert.Equal("acme-8b", models.GetProperty("data")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task Content_in_parts_is_read_and_the_last_user_message_counts()
    {
        await _http.PostAsJsonAsync("emulator/profile", new { @base = "v7", toxic_rate = 0, schema_fail_rate = 0, accuracy = 1 }, Cancellation);
        var messages = new object[]
        {
            new { role = "user", content = "What is 1 + 3?" },
            new { role = "assistant", content = "4" },
            new { role = "user", content = new[] { new { type = "text", text = "And now: What is 17 + 25?" } } },
        };
        using var reply = await _http.PostAsJsonAsync("v1/chat/completions", new { model = "v8", messages }, Cancellation);

        Assert.True(Questions.Find("What is 17 + 25?")!.IsAnsweredBy(await Content(reply)));
    }

    [Fact]
    public async Task It_is_healthy()
    {
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("health", Cancellation)).StatusCode);
    }

    private static Task<HttpResponseMessage> Post(HttpClient http, string text, string? requestId = null, bool stream = false)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "v8", stream, messages = new[] { new { role = "user", content = text } } }),
        };
        if (requestId is not null)
        {
            request.Headers.Add("x-request-id", requestId);
        }

        return http.SendAsync(request, Cancellation);
    }

    private static async Task<string> Ask(HttpClient http, string text, string? requestId = null)
    {
        using var reply = await Post(http, text, requestId);
        return await Content(reply);
    }

    private static async Task<string> Content(HttpResponseMessage reply)
    {
        var body = await reply.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal("chat.completion", body.GetProperty("object").GetString());
        var choice = body.GetProperty("choices")[0];
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        return choice.GetProperty("message").GetProperty("content").GetString()!;
    }

    private static async Task<string> AskStreamed(HttpClient http, string text)
    {
        using var reply = await Post(http, text, stream: true);
        Assert.Equal("text/event-stream", reply.Content.Headers.ContentType?.MediaType);
        var events = (await reply.Content.ReadAsStringAsync(Cancellation)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(events, line => Assert.StartsWith("data: ", line));
        Assert.Equal("data: [DONE]", events[^1]);

        var chunks = events[..^1].Select(line => JsonSerializer.Deserialize<JsonElement>(line["data: ".Length..])).ToList();
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString()));
        Assert.Equal("assistant", chunks[0].GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
        Assert.Equal("stop", chunks[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.All(chunks.SkipLast(1), chunk =>
            Assert.Equal(JsonValueKind.Null, chunk.GetProperty("choices")[0].GetProperty("finish_reason").ValueKind));
        return string.Concat(chunks.Select(chunk =>
            chunk.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("content", out var piece) ? piece.GetString() : ""));
    }

    private static async Task<string?> ErrorCode(HttpResponseMessage reply)
    {
        var error = (await reply.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("error");
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(field => field.Name));
        return error.GetProperty("code").GetString();
    }
}
