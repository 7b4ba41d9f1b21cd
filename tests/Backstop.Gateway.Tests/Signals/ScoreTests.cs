using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Backstop.Core.Inputs;
using Backstop.Core.Routing;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Signals;

/// <summary>What is said about an answer beside right or wrong reaches the control plane: posted, read from the answer, or told by a judge.</summary>
public sealed class ScoreTests
{
    private const string Posted = """{ "name": "helpful", "worse": "lower", "margin": 0.02 }, { "name": "price", "worse": "higher", "least": 0, "most": 630 }""";

    [Fact]
    public async Task A_posted_score_joins_the_answer_it_is_about_before_or_after_its_label()
    {
        await using var fleet = await SmallFleet.Start(With(Posted));
        await fleet.Gateway.Chat("Hello?", id: "one");
        await fleet.Gateway.Chat("Hello?", id: "two");
        Assert.Equal(HttpStatusCode.Accepted, (await Post(fleet, "one", """{"helpful": 1, "price": 630}""")).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await fleet.Gateway.Feedback("two", correct: true)).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await Post(fleet, "two", """{"helpful": false}""")).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await Post(fleet, "one", """{"helpful": 0}""")).Status); // The first word counts.
        (await fleet.Gateway.Feedback("two", correct: true)).IsError(HttpStatusCode.NotFound, "unknown_request");

        await Eventually.Is(() => Reported(fleet, "helpful"), seen => seen.SequenceEqual([(0, 1L), (63, 1L)]));
        Assert.Equal([(63, 1L)], Reported(fleet, "price"));
    }

    [Theory]
    [InlineData("""{"request_id":"one","signals":{"helpfull":1}}""", "unknown_signal", "Did you mean 'helpful'?")]
    [InlineData("""{"request_id":"one","signals":{"tokens":1}}""", "unknown_signal", "The alias's traffic policy takes: helpful, price.")]
    [InlineData("""{"request_id":"one","signals":{}}""", "invalid_request", "an object of 1 to 8 numbers")]
    [InlineData("""{"request_id":"one","signals":{"helpful":"good"}}""", "invalid_request", "must be a number")]
    [InlineData("""{"request_id":"one"}""", "invalid_request", "'signals'")]
    [InlineData("""{"signals":{"helpful":1}}""", "invalid_request", "x-request-id")]
    [InlineData("[]", "invalid_json", "an object")]
    public async Task A_score_that_cannot_be_taken_says_why(string body, string code, string says)
    {
        await using var fleet = await SmallFleet.Start(With(Posted + """, { "name": "tokens", "worse": "higher", "most": 1000, "from": "$.usage.completion_tokens" }"""));
        await fleet.Gateway.Chat("Hello?", id: "one");
        var reply = await fleet.Gateway.Post(body, "/v1/signals");
        reply.IsError(HttpStatusCode.BadRequest, code);
        Assert.Contains(says, (string?)reply.Json["error"]!["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_number_in_the_answer_is_read_from_it(bool stream)
    {
        await using var fleet = await SmallFleet.Start(With("""{ "name": "tokens", "worse": "higher", "most": 63, "from": "$.usage.completion_tokens" }"""));
        fleet.Seven.Answer = stream
            ? Answers.Stream(Encoding.UTF8.GetBytes("""
                data: {"id":"a","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hello."}}],"usage":null}

                data: {"id":"a","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

                data: {"id":"a","object":"chat.completion.chunk","choices":[],"usage":{"completion_tokens":21}}

                data: [DONE]


                """))
            : Answers.Json(200, """{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],"usage":{"completion_tokens":21}}""");
        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.Chat("Hello?", stream)).Status);

        await Eventually.Is(() => Reported(fleet, "tokens"), seen => seen.SequenceEqual([(21, 1L)]));
    }

    [Fact]
    public async Task A_judge_scores_answers_after_their_users_have_them_and_sees_no_personal_data()
    {
        await using var judge = await ModelServer.Start();
        var says = """{"score": 0.0}""";
        judge.Answer = http => Answers.Chat(says)(http);
        await using var fleet = await SmallFleet.Start(With(Judge(judge, "")));
        await fleet.Gateway.Chat("I am ann@example.com. What is 4 + 5?");
        await Eventually.Is(() => Reported(fleet, "judged"), seen => seen.SequenceEqual([(63, 1L)]));

        var asked = JsonNode.Parse(judge.Asked[0])!;
        Assert.Equal("judge-2", (string?)asked["model"]);
        Assert.Contains("Is it helpful?", judge.Asked[0], StringComparison.Ordinal);
        Assert.Contains("Hello.", (string?)asked["messages"]![1]!["content"], StringComparison.Ordinal);
        Assert.DoesNotContain("ann@example.com", judge.Asked[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_judge_who_is_wrong_about_what_is_known_is_not_believed_until_he_is_right_again()
    {
        await using var judge = await ModelServer.Start();
        var says = """{"score": 1}""";
        judge.Answer = http => Answers.Chat(says)(http);
        await using var fleet = await SmallFleet.Start(With(Judge(judge, """, "anchors": [ { "question": "2 + 2?", "answer": "5", "most": 0.2 } ]""")));
        await fleet.Gateway.Chat("Hello?");
        await Eventually.Is(() => Anchors(fleet), seen => seen == (1, 1));
        Assert.Empty(Reported(fleet, "judged"));

        says = """{"score": 0}""";
        await fleet.Gateway.Chat("Hello?");
        await Eventually.Is(() => Reported(fleet, "judged"), seen => seen.SequenceEqual([(63, 1L)]));
        Assert.Equal((2, 1), Anchors(fleet));
    }

    [Fact]
    public async Task A_judge_is_asked_what_is_known_as_often_as_the_policy_says()
    {
        await using var judge = await ModelServer.Start();
        judge.Answer = Answers.Chat("""{"score": 0}""");
        await using var fleet = await SmallFleet.Start(With(Judge(judge, """, "anchor_every": 2, "anchors": [ { "question": "2 + 2?", "answer": "5", "most": 0.2 } ]""")));
        foreach (var asked in (int[])[2, 3, 5, 6])
        {
            await fleet.Gateway.Chat("Hello?");
            await Eventually.Is(() => judge.Asked.Length, n => n == asked);
        }
    }

    [Fact]
    public async Task A_judge_who_does_not_answer_costs_no_user_anything()
    {
        await using var judge = await ModelServer.Start();
        judge.Answer = Answers.Hang();
        await using var fleet = await SmallFleet.Start(With(Judge(judge, "")));
        for (var i = 0; i < 250; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.Chat("Hello?")).Status);
        }

        Assert.Empty(Reported(fleet, "judged"));
    }

    [Theory]
    [InlineData("""{ "name": "a" }""", "needs 'worse': lower or higher")]
    [InlineData("""{ "name": "a", "worse": "lower", "from": "$..x" }""", "names no single place")]
    [InlineData("""{ "name": "a", "worse": "lower", "least": 1 }""", "'least' below its 'most'")]
    [InlineData("""{ "name": "a", "worse": "lower" }, { "name": "a", "worse": "lower" }""", "a name of its own")]
    [InlineData("""{ "name": "a", "worse": "lower", "judge": { "url": "ftp://x", "model": "m", "question": "q" } }""", "http or https")]
    [InlineData("""{ "name": "a", "worse": "lower", "judge": { "url": "http://x", "question": "q" } }""", "needs 'model'")]
    public void A_signal_that_could_not_work_is_refused(string signals, string says) => Assert.Contains(
        says, Assert.Throws<TrafficPolicyException>(() => TrafficPolicy.Parse($$"""{ "signals": [ {{signals}} ] }""")).Message, StringComparison.Ordinal);

    private static Func<Core.Registry.Release, Core.Registry.Release, Route> With(string signals) => (old, young) =>
        SmallFleet.Under($$"""{ "signals": [ {{signals}} ] }""")(old, young) with { LabelDeadline = TimeSpan.FromSeconds(1.5) };

    private static string Judge(ModelServer judge, string more) =>
        $$"""{ "name": "judged", "worse": "lower", "judge": { "url": "{{judge.Address}}chat/completions", "model": "judge-2", "percent": 100, "question": "Is it helpful?"{{more}} } }""";

    private static Task<Reply> Post(SmallFleet fleet, string id, string signals) =>
        fleet.Gateway.Post($$"""{"request_id":"{{id}}","signals":{{signals}}}""", "/v1/signals");

    private static (int Step, long Count)[] Reported(SmallFleet fleet, string name) =>
    [
        .. fleet.Control.Batches.DistinctBy(b => (b.StartId, b.Sequence)).SelectMany(b => b.Epochs).SelectMany(e => e.Scores).Where(s => s.Name == name)
            .SelectMany(s => s.Steps.Chunk(2)).GroupBy(pair => (int)pair[0], pair => pair[1]).OrderBy(g => g.Key).Select(g => (g.Key, g.Sum())),
    ];

    private static (long Asked, long Wrong) Anchors(SmallFleet fleet)
    {
        var counts = fleet.Control.Batches.DistinctBy(b => (b.StartId, b.Sequence)).SelectMany(b => b.Inputs).Where(i => i.Signal == (int)InputSignal.JudgeAnchor).ToList();
        return (counts.Sum(c => c.N), counts.Sum(c => c.Hits));
    }
}
