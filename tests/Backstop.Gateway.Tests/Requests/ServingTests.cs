using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>Who answers, what the answer says about that, and who stands in when an answer must not be given.</summary>
public sealed class ServingTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_names_its_release_its_generation_and_its_request(bool stream)
    {
        await using var fleet = await SmallFleet.Start((old, _) => SmallFleet.Plain(old, generation: 12));
        var reply = await fleet.Gateway.Chat("Hello?", stream, id: "my-id:1");

        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
        Assert.Equal("12", reply.Headers["x-backstop-generation"]);
        Assert.Equal("my-id:1", reply.Headers["x-request-id"]);
        Assert.Equal(["my-id:1"], fleet.Seven.RequestIds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("<script>")]
    public async Task A_request_without_a_usable_id_gets_a_new_one(string id)
    {
        await using var fleet = await SmallFleet.Start();
        var reply = await fleet.Gateway.Chat("Hello?", id: id);

        Assert.NotEqual(id, reply.Headers["x-request-id"]);
        Assert.Equal([reply.Headers["x-request-id"]], fleet.Seven.RequestIds);
    }

    [Fact]
    public async Task A_model_server_gets_the_release_s_key_and_not_the_caller_s()
    {
        Environment.SetEnvironmentVariable("BACKSTOP_TEST_SERVING_KEY", "sesame");
        await using var fleet = await SmallFleet.Start(manifest: """{"serving":{"api_key":{"env":"BACKSTOP_TEST_SERVING_KEY"}}}""");
        fleet.Gateway.Http.DefaultRequestHeaders.Authorization = new("Bearer", "of-the-caller");
        await fleet.Gateway.Chat("Hello?");

        Assert.Equal(["Bearer sesame"], fleet.Seven.Keys);
    }

    [Fact]
    public async Task A_route_whose_key_is_missing_here_is_refused_by_name_and_the_old_one_goes_on()
    {
        await using var fleet = await SmallFleet.Start();
        var locked = SmallFleet.Released("v8", fleet.Eight, """{"serving":{"api_key":{"env":"BACKSTOP_TEST_NO_SUCH_KEY"}}}""");
        fleet.Control.Publish(SmallFleet.Plain(locked, generation: 2), locked);
        var nacks = await Eventually.Is(() => fleet.Control.Nacks, nacks => nacks.Length > 0);

        Assert.Contains("BACKSTOP_TEST_NO_SUCH_KEY", nacks[0].Reason, StringComparison.Ordinal);
        Assert.Contains("v8", nacks[0].Reason, StringComparison.Ordinal);
        Assert.Equal("v7", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-release"]);
    }

    [Fact]
    public async Task The_aliases_are_listed_as_models()
    {
        await using var fleet = await SmallFleet.Start();
        var models = JsonNode.Parse(await fleet.Gateway.Http.GetStringAsync("/v1/models", TestContext.Current.CancellationToken))!;

        Assert.Equal([SmallFleet.Alias], models["data"]!.AsArray().Select(m => (string)m!["id"]!));
    }

    [Fact]
    public async Task A_unit_stays_with_its_release_and_the_split_follows_the_weight()
    {
        const int Units = 300;
        await using var fleet = await SmallFleet.Start((old, young) => SmallFleet.Canary(old, young) with { CandidateBasisPoints = 3000 });
        var first = await Served(fleet, Units);
        var second = await Served(fleet, Units);

        Assert.Equal(first, second);

        // 300 draws at 30 %: mean 90, standard deviation 7.9. The draw is fixed by the salt, so this holds always or never.
        Assert.InRange(first.Count(release => release == "v8"), 90 - 32, 90 + 32);
    }

    [Fact]
    public async Task A_larger_weight_only_moves_units_towards_the_candidate()
    {
        const int Units = 100;
        await using var fleet = await SmallFleet.Start((old, young) => SmallFleet.Canary(old, young) with { CandidateBasisPoints = 1000 });
        var before = await Served(fleet, Units);
        var (v7, v8) = (SmallFleet.Released("v7", fleet.Seven), SmallFleet.Released("v8", fleet.Eight));
        await fleet.Control.PublishAndAwait(SmallFleet.Canary(v7, v8) with { Generation = 2, CandidateBasisPoints = 5000 });
        var after = await Served(fleet, Units);

        Assert.DoesNotContain(("v8", "v7"), before.Zip(after));
        Assert.Contains(("v7", "v8"), before.Zip(after));
    }

    [Fact]
    public async Task A_candidate_whose_lease_ran_out_gets_no_traffic_and_the_requests_are_no_evidence()
    {
        await using var fleet = await SmallFleet.Start((old, young) =>
            SmallFleet.Canary(old, young) with { CandidateLease = TimeSpan.FromMilliseconds(1) });
        foreach (var _ in Enumerable.Range(0, 3))
        {
            Assert.Equal("v7", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-release"]);
        }

        // The requests are seen to have started, which is what a rollback is verified on, and are not counted as evidence.
        await Eventually.Is(() => fleet.Control.Batches.SelectMany(b => b.Started).Sum(s => s.Count), n => n == 3);
        Assert.Empty(fleet.Control.Batches.SelectMany(b => b.Epochs));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_blocked_answer_is_asked_again_of_the_previous_release_under_the_same_id(bool stream)
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted);
        fleet.Eight.Answer = Answers.Chat(Answers.Toxic);
        fleet.Seven.Answer = Answers.Chat("The answer is nine.");
        var reply = await fleet.Gateway.Chat("What is 4 + 5?", stream, id: "one");

        Assert.Equal("The answer is nine.", stream ? reply.StreamedText : reply.Text);
        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
        Assert.Equal(["one"], fleet.Eight.RequestIds);
        Assert.Equal(["one"], fleet.Seven.RequestIds);
        Assert.Equal(["ToxicBlocked:Reasked"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_candidate_that_fails_is_replaced_by_the_current_release(bool stream)
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Canary);
        fleet.Eight.Answer = Answers.Json(500, "oh no", "text/plain");
        var reply = await fleet.Gateway.Chat("Hello?", stream);

        Assert.Equal("Hello.", stream ? reply.StreamedText : reply.Text);
        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
        Assert.Equal(["Error:Reasked"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
        Assert.Equal((int)Arm.Candidate, fleet.Control.Batches.SelectMany(b => b.Epochs).First().Cells.Single().Arm);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_blocked_answer_without_a_previous_release_is_the_safe_text_and_content_filter(bool stream)
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = Answers.Chat(Answers.Toxic);
        var reply = await fleet.Gateway.Chat("Hello?", stream);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("content_filter", stream ? reply.FinishReason : (string?)reply.Json["choices"]![0]!["finish_reason"]);
        Assert.Equal("Sorry, I cannot help with that.", stream ? reply.StreamedText : reply.Text);
        Assert.DoesNotContain("idiot", reply.Body, StringComparison.Ordinal);
        Assert.Equal(["ToxicBlocked:SafeText"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
        if (stream)
        {
            Assert.Equal("[DONE]", reply.Events[^1]);
        }
    }

    [Fact]
    public async Task A_previous_release_that_is_toxic_too_is_not_delivered_either()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted);
        fleet.Eight.Answer = fleet.Seven.Answer = Answers.Chat(Answers.Toxic);
        var reply = await fleet.Gateway.Chat("Hello?");

        Assert.Equal("content_filter", (string?)reply.Json["choices"]![0]!["finish_reason"]);
        Assert.DoesNotContain("idiot", reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_turns_bad_after_it_began_ends_with_content_filter_and_is_not_asked_again()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted);
        fleet.Eight.Answer = Answers.Chat(Answers.Story + Answers.Toxic + " Goodbye.");
        var reply = await fleet.Gateway.Chat("Hello?", stream: true);

        Assert.Equal("v8", reply.Headers["x-backstop-release"]);
        Assert.Equal("content_filter", reply.FinishReason);
        Assert.StartsWith(reply.StreamedText, Answers.Story, StringComparison.Ordinal);
        Assert.NotEmpty(reply.StreamedText);
        Assert.Empty(fleet.Seven.Asked);
    }

    private static async Task<List<string>> Served(SmallFleet fleet, int units)
    {
        var body = RunningGateway.Request("Hello?").ToJsonString();
        var served = new List<string>();
        for (var unit = 0; unit < units; unit++)
        {
            var reply = await fleet.Gateway.Post(body, unit: unit.ToString(CultureInfo.InvariantCulture));
            served.Add(reply.Headers["x-backstop-release"]);
        }

        return served;
    }
}
