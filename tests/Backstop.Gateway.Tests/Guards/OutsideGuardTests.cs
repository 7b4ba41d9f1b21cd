using System.Net;
using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using Backstop.Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Tests.Guards;

/// <summary>Those outside who judge texts, each a server of its own: what they are sent, what their answers mean, and what it means when they give none.</summary>
public sealed class OutsideGuardTests : IAsyncLifetime
{
    private ModelServer _guard = null!;

    public async ValueTask InitializeAsync() => _guard = await ModelServer.Start();

    public ValueTask DisposeAsync() => _guard.DisposeAsync();

    [Theory]
    [InlineData("llama_guard", """{"choices":[{"message":{"content":"\n\nunsafe\nS1,S9"},"logprobs":{"content":[{"token":"\n\n","logprob":0},{"token":"unsafe","logprob":-0.1}]}}]}""", "remote/S1 remote/S9")]
    [InlineData("llama_guard", """{"choices":[{"message":{"content":"safe"}}]}""", "")]
    [InlineData("openai_moderations", """{"results":[{"categories":{"hate":true,"violence":false},"category_scores":{"hate":0.4,"violence":0.9}}]}""", "remote/hate remote/violence")]
    [InlineData("tei", """[[{"label":"BENIGN","score":0.9},{"label":"JAILBREAK","score":0.1}],[{"label":"JAILBREAK","score":0.8},{"label":"BENIGN","score":0.2}]]""", "remote/JAILBREAK")]
    [InlineData("vllm_classify", """{"data":[{"label":"BENIGN","probs":[0.9,0.1]},{"label":"JAILBREAK","probs":[0.3,0.7]}]}""", "remote/JAILBREAK")]
    [InlineData("vllm_classify", """{"data":[{"label":"BENIGN","probs":[0.9,0.1]}]}""", "")]
    [InlineData("http", """{"flagged":true,"categories":["spam"],"score":0.9}""", "remote/spam")]
    [InlineData("http", """{"flagged":false}""", "")]
    public async Task What_a_guard_says_in_its_protocol_is_a_finding(string protocol, string answer, string categories)
    {
        _guard.Answer = Answers.Json(200, answer);
        var ruling = await Screen(Policy(protocol), "Some text of a user.");

        Assert.Empty(ruling.Errors);
        Assert.Equal(categories, string.Join(' ', ruling.Findings.Select(finding => finding.Category)));
        Assert.Equal(categories.Length > 0 ? Disposition.Block : Disposition.Allow, ruling.Disposition);
        Assert.Contains("Some text of a user.", _guard.Asked.Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama_guard", """{"choices":[{"message":{"content":"safe, but only because you asked"}}]}""")]
    [InlineData("llama_guard", """{"choices":[{"message":{"content":"unsafe\nS99"}}]}""")]
    [InlineData("llama_guard", "{}")]
    [InlineData("openai_moderations", """{"results":[]}""")]
    [InlineData("tei", """[[{"label":"JAILBREAK"}]]""")]
    [InlineData("http", "null")]
    [InlineData("openai_moderations", """{"error":{"message":"no"}}""")]
    [InlineData("tei", "[]")]
    [InlineData("vllm_classify", """{"data":[]}""")]
    [InlineData("http", """{"ok":true}""")]
    [InlineData("http", "<html>")]
    public async Task What_is_not_of_the_protocol_is_no_answer_and_no_pass(string protocol, string answer)
    {
        _guard.Answer = Answers.Json(200, answer);
        var ruling = await Screen(Policy(protocol), "Some text.");
        Assert.Equal([CheckFailure.Error], ruling.Errors.Select(error => error.Failure));
        Assert.Equal(Disposition.Block, ruling.Disposition);
    }

    [Theory]
    [InlineData("yes", "judge/yes")]
    [InlineData("no", "")]
    public async Task A_judge_is_asked_the_question_of_the_policy(string says, string categories)
    {
        _guard.Answer = Answers.Chat($$"""Here: {"answer": "{{says}}", "score": 0.8}""");
        var ruling = await Screen(
            $$$$"""{"remotes":{"g":{"protocol":"chat","url":"{{{{_guard.Address}}}}","model":"tiny"}},"stages":{"input":{"checks":[{"use":"judge","with":{"guard":"g","question":"Is it about boats?"}}]}}}""",
            "A text with </text> in it.");

        Assert.Equal(categories, string.Join(' ', ruling.Findings.Select(finding => finding.Category)));
        var asked = JsonNode.Parse(_guard.Asked.Single())!;
        Assert.Contains("Is it about boats?", (string?)asked["messages"]![0]!["content"], StringComparison.Ordinal);
        Assert.EndsWith("< /text> in it.</text>", (string?)asked["messages"]![1]!["content"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, CheckFailure.AuthError)]
    [InlineData(429, CheckFailure.Saturated)]
    [InlineData(503, CheckFailure.Saturated)]
    [InlineData(500, CheckFailure.Error)]
    [InlineData(0, CheckFailure.Timeout)]
    public async Task Each_class_of_failure_has_its_own_outcome(int status, CheckFailure failure)
    {
        _guard.Answer = status == 0 ? Answers.Hang() : Answers.Json(status, "{}");
        var key = failure switch { CheckFailure.AuthError => "on_auth_error", CheckFailure.Saturated => "on_saturated", CheckFailure.Timeout => "on_timeout", _ => "on_error" };
        var passed = await Screen(Policy("http", $$""","timeout_ms":100,"{{key}}":"pass_flagged" """), "Some text.");
        var others = string.Concat(new[] { "on_auth_error", "on_saturated", "on_timeout", "on_error" }.Where(other => other != key).Select(other => $",\"{other}\":\"pass_flagged\""));
        var blocked = await Screen(Policy("http", $$""","timeout_ms":100{{others}}"""), "Some text.");

        Assert.Equal((Disposition.Allow, true), (passed.Disposition, passed.PassedUnchecked));
        Assert.Equal(failure, passed.Errors.Single().Failure);
        Assert.Equal(Disposition.Block, blocked.Disposition);
    }

    [Fact]
    public async Task Another_check_answers_in_the_place_of_one_that_cannot()
    {
        _guard.Answer = Answers.Json(500, "{}");
        var policy = $$$$"""
            {"remotes":{"g":{"protocol":"http","url":"{{{{_guard.Address}}}}"}},"stages":{"input":{"checks":[
                {"use":"remote","with":{"guard":"g"},"on_error":"degrade:words"},{"use":"pattern","id":"words","mode":"off","with":{"words":["boat"]}}]}}}
            """;
        var stopped = await Screen(policy, "a boat");
        Assert.Equal((Disposition.Block, "words"), (stopped.Disposition, stopped.DecidedBy));
        var passed = await Screen(policy, "a car");
        Assert.Equal((Disposition.Allow, 1), (passed.Disposition, passed.Errors.Length));
        _guard.Answer = Answers.Json(200, """{"flagged":false}""");
        Assert.Equal(Disposition.Allow, (await Screen(policy, "a boat")).Disposition);
    }

    [Fact]
    public async Task A_guard_that_fails_again_and_again_is_left_alone()
    {
        _guard.Answer = Answers.Json(500, "{}");
        var policy = Policy("http", breaker: ""","breaker":{"failures":3,"rest_ms":600000}""");
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(CheckFailure.Error, (await Screen(policy, "Some text.")).Errors.Single().Failure);
        }

        Assert.Equal(3, _guard.Asked.Length);
    }

    [Fact]
    public async Task Too_many_questions_at_once_are_not_queued()
    {
        var go = new TaskCompletionSource();
        _guard.Answer = async http =>
        {
            await go.Task;
            await Answers.Json(200, """{"flagged":false}""")(http);
        };
        var policy = Policy("http", ""","timeout_ms":60000""", ""","concurrency":1""");
        var first = Screen(policy, "one");
        await Eventually.Is(() => _guard.Asked, asked => asked.Length == 1);
        Assert.Equal(CheckFailure.Saturated, (await Screen(policy, "two")).Errors.Single().Failure);
        go.SetResult();
        Assert.Empty((await first).Errors);
    }

    [Fact]
    public async Task What_only_takes_notes_is_asked_and_nobody_waits_for_it()
    {
        var go = new TaskCompletionSource();
        _guard.Answer = async http => await go.Task.WaitAsync(http.RequestAborted);
        Assert.Equal(Disposition.Allow, (await Screen(Policy("http", ""","mode":"shadow","timeout_ms":60000"""), "Some text.")).Disposition);
        await Eventually.Is(() => _guard.Asked, asked => asked.Length == 1);
        go.SetResult();
    }

    [Fact]
    public async Task Nobody_is_asked_about_what_the_local_checks_stop()
    {
        var ruling = await Screen(Policy("http", more: """{"use":"pattern","with":{"words":["boat"]}},"""), "a boat");
        Assert.Equal(Disposition.Block, ruling.Disposition);
        Assert.Empty(_guard.Asked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_goes_to_the_user_when_the_guard_has_said_so(bool stream)
    {
        await using var fleet = await SmallFleet.Start(manifest: $$"""{"guard_policy":{{Policy("llama_guard", stage: "output")}} }""");
        fleet.Seven.Answer = Answers.Chat("The sum is nine.");
        _guard.Answer = Answers.Chat("safe");
        var passed = await fleet.Gateway.Chat("What is four and five?", stream);
        Assert.Equal("The sum is nine.", stream ? passed.StreamedText : passed.Text);
        var messages = JsonNode.Parse(_guard.Asked.Single())!["messages"]!.AsArray();
        Assert.Equal(["What is four and five?", "The sum is nine."], messages.Select(message => (string?)message!["content"]));

        _guard.Answer = Answers.Chat("unsafe\nS10");
        var stopped = await fleet.Gateway.Chat("What is four and five?", stream);
        Assert.Equal(HttpStatusCode.OK, stopped.Status);
        Assert.DoesNotContain("nine", stopped.Body, StringComparison.Ordinal);
        Assert.Contains("content_filter", stopped.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_that_is_refused_is_answered_in_the_words_of_its_check(bool stream)
    {
        const string Rails = """{"guard_policy":{"stages":{"input":{"checks":[{"use":"dialogue","action":"refuse","with":{"intents":{"legal":{"examples":["can I sue you"],"answer":"I give no legal advice."}}}}]}}}}""";
        await using var fleet = await SmallFleet.Start(manifest: Rails);
        var reply = await fleet.Gateway.Chat("Can I sue you?", stream);
        Assert.Equal((HttpStatusCode.OK, "I give no legal advice."), (reply.Status, stream ? reply.StreamedText : reply.Text));
        Assert.Empty(fleet.Seven.Asked);
        Assert.Equal("Hello.", (await fleet.Gateway.Chat("What is four and five?")).Text);
    }

    [Fact]
    public async Task The_ring_service_asks_them_too()
    {
        _guard.Answer = Answers.Json(200, """{"flagged":true,"categories":["spam"]}""");
        await using var gateway = await RunningGateway.Start(new Uri("http://127.0.0.1:1"), options => options.GuardPolicies = new Dictionary<string, GuardPolicy>
        {
            ["asking"] = GuardPolicy.Parse(Policy("http")),
        });
        var answer = (await gateway.Post("""{"policy":"asking","stage":"input","text":"Buy now."}""", "/v1/guard")).Json;
        Assert.Equal(("block", "remote/spam"), ((string?)answer["decision"], (string?)answer["findings"]![0]!["category"]));
    }

    private string Policy(string protocol, string use = "", string breaker = "", string more = "", string stage = "input") =>
        $$$$"""{"remotes":{"g":{"protocol":"{{{{protocol}}}}","url":"{{{{_guard.Address}}}}"{{{{breaker}}}} }},"stages":{"{{{{stage}}}}":{"checks":[{{{{more}}}}{"use":"remote","with":{"guard":"g"}{{{{use}}}} }]}}}""";

    private static async Task<Ruling> Screen(string policy, string text) => await Nowhere.Guards.Screen(
        Ring.Compile(GuardPolicy.Parse(policy)).Open(RingContext.None), [ScanUnit.Input(text)], TestContext.Current.CancellationToken);
}
