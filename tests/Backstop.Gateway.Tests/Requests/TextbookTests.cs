using System.Net;
using System.Text.Json.Nodes;
using Backstop.Core.Evidence;
using Backstop.Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>Code 26.9.1 of the textbook, with one policy file: abuse is blocked, addresses and cards are redacted, broken JSON is asked for again.</summary>
public sealed class TextbookTests
{
    private const string Policy =
        """
        {"guard_policy":{"stages":{"output":{"checks":[
            {"use":"toxicity","action":"block"},
            {"use":"pii","action":"fix","with":{"types":["EMAIL_ADDRESS","CREDIT_CARD"]}},
            {"use":"json_schema","action":"reask"}]}}}}
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Broken_JSON_is_asked_for_again_of_the_same_model_which_is_told_what_is_wrong(bool stream)
    {
        await using var fleet = await SmallFleet.Start(manifest: Policy);
        fleet.Seven.Answer = InTurn("{\"answer\": \"The train leaves at nine.", "{\"answer\": \"The train leaves at nine.\"}");
        var reply = await fleet.Gateway.Chat("When does it leave?", stream);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("{\"answer\": \"The train leaves at nine.\"}", stream ? reply.StreamedText : reply.Text);
        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
        var asked = fleet.Seven.Asked.Select(body => JsonNode.Parse(body)!["messages"]!.AsArray()).ToList();
        Assert.Equal([1, 3], asked.Select(messages => messages.Count));
        Assert.Equal("assistant", (string?)asked[1][1]!["role"]);
        Assert.Contains("schema/syntax", (string?)asked[1][2]!["content"], StringComparison.Ordinal);
        Assert.DoesNotContain("train", (string?)asked[1][2]!["content"], StringComparison.Ordinal);
        Assert.Equal(["SchemaBlocked:Unlabelled"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task A_model_that_does_not_get_better_is_not_asked_for_ever()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted, Policy);
        fleet.Eight.Answer = Answers.Chat("no JSON");
        fleet.Seven.Answer = Answers.Chat("{}");
        var reply = await fleet.Gateway.Chat("When does it leave?");

        Assert.Equal(("{}", "v7"), (reply.Text, reply.Headers["x-backstop-release"]));
        Assert.Equal((2, 1), (fleet.Eight.Asked.Length, fleet.Seven.Asked.Length));
    }

    [Fact]
    public async Task Abuse_is_blocked_and_personal_data_is_redacted_and_neither_is_asked_again()
    {
        await using var fleet = await SmallFleet.Start(manifest: Policy);
        fleet.Seven.Answer = Answers.Chat("{\"answer\": \"Write to ada@example.com, we charged 4111 1111 1111 1111.\"}");
        Assert.Equal("{\"answer\": \"Write to [EMAIL_ADDRESS], we charged [CREDIT_CARD].\"}", (await fleet.Gateway.Chat("Who?")).Text);
        fleet.Seven.Answer = Answers.Chat($$"""{"answer": "{{Answers.Toxic}}"}""");
        var blocked = await fleet.Gateway.Chat("Who?");

        Assert.DoesNotContain("idiot", blocked.Body, StringComparison.Ordinal);
        Assert.Equal("content_filter", (string?)blocked.Json["choices"]![0]!["finish_reason"]);
        Assert.Equal(2, fleet.Seven.Asked.Length);
    }

    private static RequestDelegate InTurn(params string[] answers)
    {
        var turn = -1;
        return http => Answers.Chat(answers[Math.Min(Interlocked.Increment(ref turn), answers.Length - 1)])(http);
    }
}
