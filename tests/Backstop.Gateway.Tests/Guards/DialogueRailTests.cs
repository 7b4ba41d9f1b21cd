using System.Net;
using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Gateway.Tests.Guards;

/// <summary>Dialogue rails with an embedding model of a server of its own, and with another alias that answers.</summary>
public sealed class DialogueRailTests : IAsyncLifetime
{
    private static readonly string[] Money = ["refund", "money", "reimburse"];
    private static readonly string[] Order = ["order", "number"];

    private ModelServer _vectors = null!;

    public async ValueTask InitializeAsync()
    {
        _vectors = await ModelServer.Start();
        _vectors.Answer = Embed;
    }

    public ValueTask DisposeAsync() => _vectors.DisposeAsync();

    [Theory]
    [InlineData("Hello. Kindly reimburse me for it!", "dialogue/refund", 7)]
    [InlineData("What a nice day.", "", 0)]
    public async Task What_is_meant_is_known_in_other_words(string text, string category, int start)
    {
        var ruling = await Screen(Guards(), Policy(), ScanUnit.Input("You may refund money.", "system"), ScanUnit.Input(text));
        Assert.Empty(ruling.Errors);
        Assert.Equal(category, string.Concat(ruling.Findings.Select(finding => finding.Category)));
        Assert.All(ruling.Findings, finding => Assert.Equal(start, finding.Start));
        Assert.Equal(category.Length > 0 ? "Your order number first, please." : null, ruling.SafeText);
    }

    [Fact]
    public async Task What_must_come_first_may_have_come_in_an_earlier_message()
    {
        var guards = Guards();
        Assert.True((await Screen(guards, Policy(), ScanUnit.Input("Hello."), ScanUnit.Input("I want my money back."))).Stops);
        Assert.False((await Screen(guards, Policy(), ScanUnit.Input("My order number is 7."), ScanUnit.Input("I want my money back."))).Stops);
        Assert.True((await Screen(guards, Policy(), ScanUnit.Input("I want my money back."), ScanUnit.Input("My order number is 7."))).Stops);
    }

    [Fact]
    public async Task No_sentence_is_sent_twice()
    {
        var guards = Guards();
        await Screen(guards, Policy(), ScanUnit.Input("Hello there."));
        await Screen(guards, Policy(), ScanUnit.Input("Hello there."), ScanUnit.Input("How are you?"));
        var sent = _vectors.Asked.SelectMany(body => JsonNode.Parse(body)!["input"]!.AsArray().Select(sentence => (string)sentence!)).ToList();
        Assert.Equal(["give me a refund", "order number", "Hello there.", "How are you?"], sent);
    }

    [Theory]
    [InlineData("""{"data":[]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1]},{"index":2,"embedding":[1,0]}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[0,0]},{"index":1,"embedding":[0,0]},{"index":2,"embedding":[0,0]}]}""")]
    [InlineData("<html>")]
    public async Task What_is_no_embedding_is_no_answer_and_no_pass(string body)
    {
        _vectors.Answer = Answers.Json(200, body);
        var ruling = await Screen(Guards(), Policy(), ScanUnit.Input("Hello."));
        Assert.Equal((Disposition.Block, CheckFailure.Error), (ruling.Disposition, ruling.Errors.Single().Failure));
    }

    [Fact]
    public async Task The_words_of_sentences_tell_where_the_model_cannot()
    {
        _vectors.Answer = Answers.Json(503, "{}");
        var policy = Policy(""","on_saturated":"degrade:words" """, """,{"use":"dialogue","id":"words","mode":"off","action":"refuse","with":{"intents":{"refund":{"examples":["give me a refund"]}}}}""");
        var refused = await Screen(Guards(), policy, ScanUnit.Input("Give me a refund!"));
        Assert.Equal([CheckFailure.Saturated], refused.Errors.Select(error => error.Failure));
        Assert.Equal((Disposition.Refuse, "words"), (refused.Disposition, refused.DecidedBy));
        Assert.True((await Screen(Guards(), policy, ScanUnit.Input("What a nice day."))).PassedUnchecked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Another_alias_answers_where_the_rails_say_so(bool stream)
    {
        const string Rails = """{"guard_policy":{"stages":{"input":{"checks":[{"use":"dialogue","action":"refuse","with":{"intents":{"leave":{"examples":["cancel my subscription"],"route":"retention:prod"}}}}]}}}}""";
        await using var fleet = await SmallFleet.Start(manifest: Rails);
        var refused = await fleet.Gateway.Chat("Cancel my subscription.", stream);
        Assert.Equal((HttpStatusCode.OK, GuardPolicy.DefaultBlockedResponse), (refused.Status, stream ? refused.StreamedText : refused.Text));

        var other = SmallFleet.Released("keeper", fleet.Eight);
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(other) with { Alias = "retention:prod" }, other);
        fleet.Eight.Answer = Answers.Chat("Please stay.");
        var answered = await fleet.Gateway.Chat("Cancel my subscription.", stream);
        Assert.Equal((HttpStatusCode.OK, "Please stay."), (answered.Status, stream ? answered.StreamedText : answered.Text));
        Assert.Empty(fleet.Seven.Asked);
        Assert.Equal("Hello.", (await fleet.Gateway.Chat("What is four and five?")).Text);
    }

    // One direction for money, one for orders, one for all else.
    private static async Task Embed(HttpContext http)
    {
        var asked = JsonNode.Parse(await Answers.Body(http))!["input"]!.AsArray();
        var data = asked.Select((sentence, index) =>
        {
            var says = ((string)sentence!).ToUpperInvariant();
            bool Has(string[] words) => words.Any(word => says.Contains(word.ToUpperInvariant(), StringComparison.Ordinal));
            return (JsonNode)new JsonObject { ["index"] = index, ["embedding"] = new JsonArray(Has(Money) ? 2 : 0, Has(Order) ? 2 : 0, 0.1) };
        });
        await Answers.Json(200, new JsonObject { ["data"] = new JsonArray([.. data]) }.ToJsonString())(http);
    }

    private string Policy(string use = "", string more = "") => $$$$"""
        {"remotes":{"v":{"protocol":"openai_embeddings","url":"{{{{_vectors.Address}}}}","model":"tiny"}},"stages":{"input":{"checks":[
            {"use":"dialogue","action":"refuse","threshold":0.9,"timeout_ms":60000{{{{use}}}},"with":{"guard":"v","intents":{
                "refund":{"examples":["give me a refund"],"after":"order","answer":"Your order number first, please."},
                "order":{"step":true,"examples":["order number"]} } } }{{{{more}}}} ] } } }
        """;

    private static OutsideGuards Guards() => new(
        new GuardTelemetry(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()),
        TimeProvider.System,
        new ModelShelf([], _ => [], () => throw new InvalidOperationException()));

    private static async Task<Ruling> Screen(OutsideGuards guards, string policy, params ScanUnit[] units) => await guards.Screen(
        Ring.Compile(GuardPolicy.Parse(policy)).Open(RingContext.None with { Messages = units }), units, TestContext.Current.CancellationToken);
}
