using System.Net;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Routing;

/// <summary>Who answers when the assigned release does not.</summary>
public sealed class FallbackTests
{
    private const string Words = "We cannot answer right now. Please try again in a minute.";

    private static readonly string[] FailedButServed = ["Error:Reasked"];

    [Theory]
    [InlineData("""{"fallback":[{"to":"previous"}]}""")]
    [InlineData("""{"fallback":[{"release":"DIGEST"}]}""")]
    [InlineData("""{"fallback":[{"to":"previous"},{"text":"not this"}]}""")]
    public async Task The_release_that_was_named_answers_and_the_failure_stays_on_the_record_of_the_one_that_failed(string policy)
    {
        await using var fleet = await SmallFleet.Start((old, young) => SmallFleet.Plain(young) with
        {
            Previous = old.Digest,
            Traffic = TrafficPolicy.Parse(policy.Replace("DIGEST", old.Digest, StringComparison.Ordinal)),
        });
        fleet.Eight.Answer = Answers.Json(500, "{}");
        var reply = await fleet.Gateway.Chat("Hello?");

        Assert.Equal("Hello.", reply.Text);
        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
        Assert.Equal(FailedButServed, await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task Without_a_chain_nobody_stands_in_for_the_trusted_release()
    {
        await using var fleet = await SmallFleet.Start((old, young) => SmallFleet.Plain(young) with { Previous = old.Digest });
        fleet.Eight.Answer = Answers.Json(500, "{}");

        (await fleet.Gateway.Chat("Hello?")).IsError(HttpStatusCode.BadGateway, "upstream_error");
        Assert.Empty(fleet.Seven.Asked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_nobody_answers_callers_get_the_text_that_the_owner_wrote(bool stream)
    {
        await using var fleet = await SmallFleet.Start((old, young) => SmallFleet.Promoted(old, young) with
        {
            Traffic = TrafficPolicy.Parse($$"""{"fallback":[{"to":"previous"},{"text":"{{Words}}"}]}"""),
        });
        fleet.Seven.Answer = fleet.Eight.Answer = Answers.Json(500, "{}");
        var reply = await fleet.Gateway.Chat("Hello?", stream);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(Words, stream ? reply.StreamedText : reply.Text);
        Assert.Equal("text", reply.Headers["x-backstop-fallback"]);
        Assert.False(reply.Headers.ContainsKey("x-backstop-release"));
        Assert.Equal(["Error:Failed"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
        if (stream)
        {
            Assert.Equal(("stop", "[DONE]"), (reply.FinishReason, reply.Events[^1]));
        }
    }

    [Fact]
    public async Task A_text_is_no_answer_where_it_would_be_taken_for_data()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Under($$"""{"fallback":[{"text":"{{Words}}"}]}"""));
        fleet.Seven.Answer = Answers.Json(500, "{}");

        (await fleet.Gateway.Post($$"""{"model":"{{SmallFleet.Alias}}","input":"Hello"}""", "/v1/embeddings")).IsError(HttpStatusCode.BadGateway, "upstream_error");
    }

    [Theory]
    [InlineData("stop")]
    [InlineData("cut")]
    public async Task E42_a_stream_whose_release_is_swapped_out_ends_as_the_alias_says_and_tells_the_caller(string how)
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted);
        var go = new TaskCompletionSource();
        fleet.Eight.Answer = Answers.Paused(Answers.Sse(Answers.Pieces(Answers.Story, 9), ends: false), go.Task, Answers.Sse(["more"]));
        using var stream = await Begin(fleet);
        await Revert(fleet, how);
        if (how == "stop")
        {
            go.SetResult(); // It ends with the next piece, which is not sent.
        }

        var reply = await Reply.Of(stream);
        Assert.Contains("release_replaced", reply.Events[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("more", reply.StreamedText, StringComparison.Ordinal);
        go.TrySetResult();
    }

    [Fact]
    public async Task E42_a_stream_whose_release_is_swapped_out_goes_on_where_the_alias_says_nothing()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted);
        var go = new TaskCompletionSource();
        fleet.Eight.Answer = Answers.Paused(Answers.Sse(Answers.Pieces(Answers.Story, 9), ends: false), go.Task, Answers.Sse([" The end."]));
        using var stream = await Begin(fleet);
        await Revert(fleet, "finish");
        go.SetResult();

        Assert.EndsWith(" The end.", (await Reply.Of(stream)).StreamedText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task E42_a_stream_that_had_said_nothing_when_its_release_was_swapped_out_is_answered_by_the_one_in_its_place()
    {
        await using var fleet = await SmallFleet.Start((_, young) => SmallFleet.Plain(young));
        var (asked, never) = (new TaskCompletionSource(), new TaskCompletionSource());
        fleet.Eight.Answer = async http =>
        {
            await Answers.Stream(Answers.Sse([], ends: false))(http);
            asked.SetResult();
            await never.Task.WaitAsync(http.RequestAborted);
        };
        var answer = fleet.Gateway.Chat("Hello?", stream: true);
        await asked.Task.Comes();
        await Revert(fleet, "cut");

        var reply = await answer;
        Assert.Equal("Hello.", reply.StreamedText);
        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
    }

    private static Task<HttpResponseMessage> Begin(SmallFleet fleet) =>
        fleet.Gateway.Begin(RunningGateway.Request("Hello?", stream: true).ToJsonString(), "swapped", TestContext.Current.CancellationToken);

    private static async Task Revert(SmallFleet fleet, string inFlight)
    {
        Release old = SmallFleet.Released("v7", fleet.Seven);
        var route = SmallFleet.Plain(old, generation: 2) with { Traffic = TrafficPolicy.Parse($$"""{"in_flight":"{{inFlight}}"}""") };
        await fleet.Control.PublishAndAwait(route, old);
    }
}
