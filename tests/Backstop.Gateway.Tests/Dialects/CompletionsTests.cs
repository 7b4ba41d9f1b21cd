using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Backstop.Core.Evidence;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Dialects;

/// <summary>The older completions are served as chat is.</summary>
public sealed class CompletionsTests
{
    private const string Path = "/v1/completions";
    private const string NoChecks = """{"guard_policy":{"apiVersion":"backstop/v1","name":"none","stages":{}}}""";

    [Fact]
    public async Task What_nothing_has_to_be_done_about_passes_byte_for_byte()
    {
        const string Body = """{ "prompt":["One, two,","A, b,"], "model":"assistant:prod", "n":2, "logprobs":1, "echo":false, "x":[1e0] }""";
        const string Answer =
            """
            {"id":"cmpl-1","object":"text_completion","model":"tiny","choices":[
              {"text":" three","index":0,"logprobs":{"tokens":[" three"],"token_logprobs":[-0.10]},"finish_reason":"stop"},
              {"text":" c","index":1,"logprobs":{"tokens":[" c"],"token_logprobs":[-0.20]},"finish_reason":"length"}],
              "usage":{"total_tokens":9},"y":0.50}
            """;
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = Answers.Json(200, Answer);
        var reply = await fleet.Gateway.Post(Body, Path, id: "one");

        Assert.Equal(Answer, reply.Body);
        Assert.Equal([Body.Replace("assistant:prod", "tiny-v7", StringComparison.Ordinal)], fleet.Seven.Asked);
        Assert.Equal(["POST /v1/completions"], fleet.Seven.Targets);
        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
        Assert.Equal("one", reply.Headers["x-request-id"]);
    }

    [Fact]
    public async Task A_stream_that_no_check_holds_passes_byte_for_byte()
    {
        var sse = Sse(["One", " two"], logprobs: true);
        await using var fleet = await SmallFleet.Start(manifest: NoChecks);
        fleet.Seven.Answer = Answers.Stream(Encoding.UTF8.GetBytes(sse));
        var reply = await Ask(fleet, stream: true);

        Assert.Equal(sse, reply.Body);
        Assert.StartsWith("text/event-stream", reply.Headers["Content-Type"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task A_stream_through_the_ring_says_the_same_less_what_must_not_be_said(int size)
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = Answers.Stream(
            Encoding.UTF8.GetBytes(Sse(Answers.Pieces("Write to ann@example.com or pay with 4111 1111 1111 1111, please.", size), logprobs: true)));
        var reply = await Ask(fleet, stream: true);
        var choices = reply.Events.Where(e => e != "[DONE]").Select(e => JsonNode.Parse(e)!["choices"]![0]!).ToList();

        Assert.All(choices, choice => Assert.NotNull((string?)choice["text"]));
        Assert.Equal("Write to [EMAIL_ADDRESS] or pay with [CREDIT_CARD], please.", string.Concat(choices.Select(c => (string?)c["text"])));
        Assert.Equal("stop", (string?)choices[^1]["finish_reason"]);
        Assert.Equal("[DONE]", reply.Events[^1]);
        Assert.DoesNotContain("example.com", reply.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("4111", reply.Body, StringComparison.Ordinal);
        Assert.Equal(["PiiBlocked:Unlabelled"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task What_was_taken_out_of_a_text_is_not_told_by_its_log_probabilities()
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = Answers.Json(
            200,
            """
            {"choices":[{"text":"Ask ann@example.com.","index":0,"logprobs":{"tokens":["Ask"," ann@example.com","."]}},
              {"text":"All is well.","index":1,"logprobs":{"tokens":["All is well."]}}]}
            """);
        var completion = await Ask(fleet);
        fleet.Seven.Answer = Answers.Json(
            200,
            """
            {"choices":[{"message":{"role":"assistant","content":"Ask ann@example.com."},"logprobs":{"content":[{"token":" ann@example.com"}]}},
              {"message":{"role":"assistant","content":"All is well."},"logprobs":{"content":[{"token":"All is well."}]}}]}
            """);
        var chat = await fleet.Gateway.Chat("Hello?");

        Assert.Equal("Ask [EMAIL_ADDRESS].", (string?)completion.Json["choices"]![0]!["text"]);
        Assert.Equal("Ask [EMAIL_ADDRESS].", chat.Text);
        foreach (var reply in new[] { completion, chat })
        {
            Assert.DoesNotContain("example.com", reply.Body, StringComparison.Ordinal);
            Assert.NotNull(reply.Json["choices"]![1]!["logprobs"]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_text_that_is_stopped_is_the_safe_text_and_content_filter(bool stream)
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = stream ? Answers.Stream(Encoding.UTF8.GetBytes(Sse([Answers.Toxic]))) : Answers.Json(200, Completion(Answers.Toxic));
        var reply = await Ask(fleet, stream);
        var choices = stream
            ? reply.Events.Where(e => e != "[DONE]").Select(e => JsonNode.Parse(e)!["choices"]![0]!).ToList()
            : [reply.Json["choices"]![0]!];

        Assert.Equal("Sorry, I cannot help with that.", string.Concat(choices.Select(c => (string?)c["text"])));
        Assert.Equal("content_filter", (string?)choices[^1]["finish_reason"]);
        Assert.DoesNotContain("idiot", reply.Body, StringComparison.Ordinal);
        Assert.Equal(["ToxicBlocked:SafeText"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_text_that_is_stopped_is_asked_again_of_the_previous_release(bool stream)
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted);
        fleet.Eight.Answer = stream ? Answers.Stream(Encoding.UTF8.GetBytes(Sse([Answers.Toxic]))) : Answers.Json(200, Completion(Answers.Toxic));
        fleet.Seven.Answer = stream ? Answers.Stream(Encoding.UTF8.GetBytes(Sse(["Nine."]))) : Answers.Json(200, Completion("Nine."));
        var reply = await Ask(fleet, stream);

        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
        Assert.Contains("Nine.", reply.Body, StringComparison.Ordinal);
        Assert.Equal(["ToxicBlocked:Reasked"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task Personal_data_in_a_prompt_does_not_reach_the_model_server()
    {
        const string Body = """{"model":"assistant:prod","prompt":["I am ann@example.com","é"],"suffix":"bob@example.com","max_tokens":5}""";
        await using var fleet = await SmallFleet.Start(manifest:
            """{"guard_policy":{"apiVersion":"backstop/v1","name":"careful","stages":{"input":{"checks":[{"use":"pii","action":"fix"}]}}},"prompt":{"system":"Be brief."}}""");
        fleet.Seven.Answer = Answers.Json(200, Completion("ok"));
        await fleet.Gateway.Post(Body, Path);

        Assert.Equal(["""{"model":"tiny-v7","prompt":["I am [EMAIL_ADDRESS]","é"],"suffix":"[EMAIL_ADDRESS]","max_tokens":5}"""], fleet.Seven.Asked);
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"chat"}}]}""")]
    [InlineData("""{"choices":["text"]}""")]
    [InlineData("""{"choices":5}""")]
    public async Task An_answer_of_another_kind_is_the_release_s_failure(string answer)
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = Answers.Json(200, answer);

        (await Ask(fleet)).IsError(HttpStatusCode.BadGateway, "upstream_error");
        Assert.Equal(["Error:Failed"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    private static Task<Reply> Ask(SmallFleet fleet, bool stream = false) =>
        fleet.Gateway.Post(new JsonObject { ["model"] = SmallFleet.Alias, ["prompt"] = "What is 4 + 5?", ["stream"] = stream }.ToJsonString(), Path);

    private static string Completion(string text) => new JsonObject
    {
        ["choices"] = new JsonArray(new JsonObject { ["text"] = text, ["index"] = 0, ["logprobs"] = null, ["finish_reason"] = "stop" }),
    }.ToJsonString();

    private static string Sse(IEnumerable<string> pieces, bool logprobs = false) =>
        string.Concat(pieces.Select(p => Event(p, logprobs ? new JsonObject { ["tokens"] = new JsonArray(p) } : null, null)))
        + Event("", null, "stop") + "data: [DONE]\n\n";

    private static string Event(string text, JsonObject? logprobs, string? finish) => "data: " + new JsonObject
    {
        ["id"] = "cmpl-1",
        ["choices"] = new JsonArray(new JsonObject { ["text"] = text, ["index"] = 0, ["logprobs"] = logprobs, ["finish_reason"] = finish }),
    }.ToJsonString() + "\n\n";
}
