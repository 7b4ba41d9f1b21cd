using System.Text.Json.Nodes;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>What a model server is asked: the caller's request with the release's own parts, and with what the ring took out.</summary>
public sealed class UpstreamBodyTests
{
    private const string RedactsInput =
        """{"guard_policy":{"apiVersion":"backstop/v1","name":"careful","stages":{"input":{"checks":[{"use":"pii","action":"fix"}]}}}}""";

    [Fact]
    public async Task Personal_data_in_a_message_does_not_reach_the_model_server()
    {
        await using var fleet = await SmallFleet.Start(manifest: RedactsInput);
        await fleet.Gateway.Post(
            """
            {"model":"assistant:prod","user":"u1","messages":[
              {"content":"I am ann@example.com, and \"you\"?\n","role":"user"},
              {"role":"assistant","content":null,"tool_calls":[]},
              {"role":"user","content":[{"type":"text","text":"My card is 4111 1111 1111 1111."},{"type":"image_url","image_url":{"url":"data:,"}},
                {"text":"bob@example.org","type":"text"}]},
              {"role":"user","content":"Nothing here."}],"seed":1}
            """);
        var asked = JsonNode.Parse(fleet.Seven.Asked.Single())!;
        var messages = asked["messages"]!;

        Assert.Equal("I am [EMAIL_ADDRESS], and \"you\"?\n", (string?)messages[0]!["content"]);
        Assert.Equal("My card is [CREDIT_CARD].", (string?)messages[2]!["content"]![0]!["text"]);
        Assert.Equal("[EMAIL_ADDRESS]", (string?)messages[2]!["content"]![2]!["text"]);
        Assert.Equal("data:,", (string?)messages[2]!["content"]![1]!["image_url"]!["url"]);
        Assert.Equal("Nothing here.", (string?)messages[3]!["content"]);
        Assert.Equal("u1", (string?)asked["user"]);
        Assert.Equal(1, (int?)asked["seed"]);
        Assert.DoesNotContain("example.com", fleet.Seven.Asked.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_with_its_content_twice_is_redacted_twice()
    {
        await using var fleet = await SmallFleet.Start(manifest: RedactsInput);
        await fleet.Gateway.Post(
            """{"model":"assistant:prod","messages":[{"role":"user","content":"ann@example.com","content":"bob@example.com"}]}""");

        Assert.DoesNotContain("example.com", fleet.Seven.Asked.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_release_that_stands_in_gets_redacted_texts_too()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted, RedactsInput);
        fleet.Eight.Answer = Answers.Json(500, "");
        await fleet.Gateway.Chat("I am ann@example.com.");

        Assert.Contains("[EMAIL_ADDRESS]", fleet.Eight.Asked.Single(), StringComparison.Ordinal);
        Assert.Contains("[EMAIL_ADDRESS]", fleet.Seven.Asked.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_releases_model_prompt_and_parameters_win_over_the_callers()
    {
        await using var fleet = await SmallFleet.Start(manifest: """{"prompt":{"system":"Be brief."},"parameters":{"temperature":0.25,"top_p":0.5}}""");
        await fleet.Gateway.Post("""{"Temperature":2,"model":"assistant:prod","messages":[{"role":"user","content":"é 😀"}],"n":1}""");
        var asked = JsonNode.Parse(fleet.Seven.Asked.Single())!.AsObject();

        Assert.Equal("tiny-v7", (string?)asked["model"]);
        Assert.Equal(0.25, (double?)asked["temperature"]);
        Assert.Equal(0.5, (double?)asked["top_p"]);
        Assert.Equal(1, (int?)asked["n"]);
        Assert.False(asked.ContainsKey("Temperature"), "A model server that ignores case would believe the caller.");
        Assert.Equal("Be brief.", (string?)asked["messages"]![0]!["content"]);
        Assert.Equal("é 😀", (string?)asked["messages"]![1]!["content"]);
    }

    [Fact]
    public async Task Without_a_release_that_changes_anything_the_callers_bytes_are_passed_on()
    {
        const string Body = "{ \"messages\" : [ {\"content\":\"a\\u0062\", \"role\":\"user\"} ],\n \"model\":\"assistant:prod\", \"x\": 1e3 }";
        await using var fleet = await SmallFleet.Start();
        await fleet.Gateway.Post(Body);

        Assert.Equal(Body.Replace("assistant:prod", "tiny-v7", StringComparison.Ordinal), fleet.Seven.Asked.Single());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Personal_data_in_an_answer_does_not_reach_the_caller(bool stream)
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = Answers.Chat("Write to ann@example.com or pay with 4111 1111 1111 1111, please.");
        var reply = await fleet.Gateway.Chat("Hello?", stream);

        Assert.Equal("Write to [EMAIL_ADDRESS] or pay with [CREDIT_CARD], please.", stream ? reply.StreamedText : reply.Text);
        Assert.Equal("stop", stream ? reply.FinishReason : (string?)reply.Json["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task Every_choice_of_an_answer_is_screened()
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = Answers.Json(200, Answers.Completion("All is well.", "Ask ann@example.com."));
        var reply = await fleet.Gateway.Chat("Hello?");

        Assert.Equal("All is well.", reply.Text);
        Assert.Equal("Ask [EMAIL_ADDRESS].", (string?)reply.Json["choices"]![1]!["message"]!["content"]);
        Assert.Equal(5, (int?)reply.Json["usage"]!["total_tokens"]);
    }
}
