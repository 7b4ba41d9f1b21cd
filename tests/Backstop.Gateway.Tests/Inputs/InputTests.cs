using System.Net;
using Backstop.Core.Inputs;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Inputs;

/// <summary>What requests bring with them is counted without being kept, and held against the alias's contract.</summary>
public sealed class InputTests
{
    private const string Ranker = """{"serving":{"protocol":"open-inference"}}""";
    private const string Infer = "/v2/models/assistant:prod/infer";
    private const string Scores = """{"outputs":[{"name":"score","shape":[2],"datatype":"FP32","data":[0.25,0.5]}]}""";

    private const string Rows =
        """
        {"inputs":[{"name":"age","shape":[2,1],"datatype":"FP64","data":[[41], [null]]},
        {"name":"clicks","shape":[2,2],"datatype":"FP64","data":[1, 2,null,4]}]}
        """;

    [Fact]
    public async Task Nulls_are_counted_by_feature()
    {
        await using var fleet = await SmallFleet.Start(manifest: Ranker);
        fleet.Seven.Answer = Answers.Json(200, Scores);
        await fleet.Gateway.Post(Rows, Infer);

        var counts = await Counted(fleet, c => c.Signal == InputSignal.FeatureValues, atLeast: 4);
        Assert.Equal(
            [("age", 2, 1), ("clicks[0]", 2, 1), ("clicks[1]", 2, 0)],
            counts.Where(c => c.Signal == InputSignal.FeatureNulls).Select(c => (c.What, c.N, c.Hits)));
        Assert.Equal((1, 41), counts.Where(c => c is { Signal: InputSignal.FeatureValues, What: "age" }).Select(c => (c.N, c.Sum)).Single());
        Assert.Equal((2, 6, 20), counts.Where(c => c is { Signal: InputSignal.FeatureValues, What: "clicks[1]" }).Select(c => (c.N, c.Sum, c.Squares)).Single());
    }

    [Fact]
    public async Task A_null_is_replaced_by_the_feature_s_default_and_all_else_stays()
    {
        await using var fleet = await SmallFleet.Start(
            SmallFleet.Under("""{"inputs":{"features":{"defaults":{"age":38.5,"clicks[0]":3}}}}"""), Ranker);
        fleet.Seven.Answer = Answers.Json(200, Scores);
        await fleet.Gateway.Post(Rows, Infer);

        Assert.Equal([Rows.Replace("[null]", "[38.5]", StringComparison.Ordinal).Replace("2,null", "2,3", StringComparison.Ordinal)], fleet.Seven.Asked);
        Assert.Equal(2, (await Counted(fleet, c => c is { Signal: InputSignal.Contract, What: "features" }, atLeast: 2)).Where(c => c.Signal == InputSignal.Contract).Sum(c => c.N));
    }

    [Theory]
    [InlineData("\"Be brief.\"", "\"Be\\u0020brief.\"")]
    [InlineData("\"Be brief.\"", "[{\"type\":\"text\",\"text\":\"Be brief.\"}]")]
    public async Task The_same_prompt_has_the_same_fingerprint_however_it_is_written(string one, string other)
    {
        await using var fleet = await SmallFleet.Start();
        await fleet.Gateway.Post(Asked(one));
        await fleet.Gateway.Post(Asked(other));
        await fleet.Gateway.Chat("Hello?");

        Assert.Equal(
            [(PromptFingerprint.Of("Be brief."), 2L), (PromptFingerprint.None, 1L)],
            (await Counted(fleet, c => c.Signal == InputSignal.PromptFingerprint, atLeast: 3)).Select(c => (c.What, c.N)).OrderByDescending(c => c.N));
    }

    [Fact]
    public async Task An_unknown_prompt_gives_way_to_the_release_s_own()
    {
        await using var fleet = await SmallFleet.Start(Under($$"""{"known":["{{PromptFingerprint.Of("Be brief.")}}"]}"""), """{"prompt":{"system":"Answer in JSON."}}""");
        await fleet.Gateway.Post(Asked("\"Be brief.\""));
        await fleet.Gateway.Post(Asked("\"Tell a story.\""));

        Assert.Contains("Be brief.", fleet.Seven.Asked[0], StringComparison.Ordinal);
        Assert.DoesNotContain("Tell a story.", fleet.Seven.Asked[1], StringComparison.Ordinal);
        Assert.Contains("""{"role":"system","content":"Answer in JSON."}""", fleet.Seven.Asked[1], StringComparison.Ordinal);
        Assert.Equal(1, (await Counted(fleet, c => c.Signal == InputSignal.Contract, atLeast: 1)).Single(c => c.Signal == InputSignal.Contract).N);
    }

    [Fact]
    public async Task A_release_s_prompt_is_recognised_whoever_fills_it_in_and_a_changed_copy_names_it()
    {
        const string Template = "You answer questions about {{ shop }} for a guest. Name the paragraph of the terms that you rely on, never promise a date, and say so when you do not know.";
        var filled = Template.Replace("{{ shop }}", "Acme", StringComparison.Ordinal);
        await using var fleet = await SmallFleet.Start(
            Under("""{"known":[],"otherwise":"refuse"}"""),
            """{"prompt":{"messages":[{"role":"system","content":"TEMPLATE"}],"variables":{"shop":{"default":"us"}}}}""".Replace("TEMPLATE", Template, StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.Post(Asked($"\"{filled}\""))).Status);
        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.Post(Asked($"\"{filled.Replace("Acme", "Bcme & Sons", StringComparison.Ordinal)}\""))).Status);
        (await fleet.Gateway.Post(Asked($"\"{filled.Replace("when you do not know", "or guess", StringComparison.Ordinal)}\""))).IsError(HttpStatusCode.UnprocessableEntity, "unknown_prompt");
        (await fleet.Gateway.Post(Asked("\"Tell a story.\""))).IsError(HttpStatusCode.UnprocessableEntity, "unknown_prompt");

        var counts = await Counted(fleet, c => c.Signal == InputSignal.PromptFingerprint, atLeast: 4);
        Assert.Equal(2, counts.Single(c => c.What == PromptFingerprint.Own(PromptFingerprint.Of(Template), "v7")).N);
        Assert.Equal("v7", Assert.Single(counts.Select(c => PromptFingerprint.CopyOf(c.What)).OfType<string>()));
    }

    [Fact]
    public async Task An_unknown_prompt_is_refused_where_the_contract_says_so()
    {
        await using var fleet = await SmallFleet.Start(Under("""{"known":[],"otherwise":"refuse"}"""));

        (await fleet.Gateway.Post(Asked("\"Tell a story.\""))).IsError(HttpStatusCode.UnprocessableEntity, "unknown_prompt");
        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.Chat("Hello?")).Status);
        Assert.Single(fleet.Seven.Asked);
    }

    [Fact]
    public async Task An_application_is_told_with_every_answer_which_indexes_are_bypassed_and_asks_without_their_documents()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Under("""{"inputs":{"retrieval":{"bypass":["kb-41","wiki*"]}}}"""));
        foreach (var brought in new[] { "index=kb-41, documents=3", "index=wiki-7", "documents=2" })
        {
            var refused = await fleet.Gateway.ChatWith("Hello?", ("x-backstop-retrieval", brought));
            refused.IsError(HttpStatusCode.UnprocessableEntity, "retrieval_bypassed");
            Assert.Equal("bypass=kb-41, bypass=wiki*", refused.Headers["x-backstop-retrieval"]);
        }

        foreach (var brought in new[] { "index=kb-42, documents=3", "index=kb-41, documents=0", "nonsense" })
        {
            Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.ChatWith("Hello?", ("x-backstop-retrieval", brought))).Status);
        }

        Assert.Equal("bypass=kb-41, bypass=wiki*", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-retrieval"]);
        Assert.Equal(4, fleet.Seven.Asked.Length);
        Assert.Equal(3, (await Counted(fleet, c => c is { Signal: InputSignal.Contract, What: "retrieval" }, atLeast: 3)).Where(c => c.Signal == InputSignal.Contract).Sum(c => c.N));

        await fleet.Control.PublishAndAwait(SmallFleet.Plain(SmallFleet.Released("v7", fleet.Seven), generation: 2));
        var after = await fleet.Gateway.ChatWith("Hello?", ("x-backstop-retrieval", "index=kb-41, documents=3"));
        Assert.Equal((HttpStatusCode.OK, false), (after.Status, after.Headers.ContainsKey("x-backstop-retrieval")));
    }

    [Fact]
    public async Task Documents_that_are_too_old_are_not_answered_from()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Under("""{"inputs":{"retrieval":{"oldest_days":2}}}"""));
        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.ChatWith("Hello?", ("x-backstop-retrieval", "index=kb-2, age=86400, score=0.5, documents=3"))).Status);
        (await fleet.Gateway.ChatWith("Hello?", ("x-backstop-retrieval", "age=172800; index=\"kb-1\""))).IsError(HttpStatusCode.UnprocessableEntity, "stale_retrieval");
        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.ChatWith("Hello?", ("x-backstop-retrieval", "nonsense, age=old, documents=-1"))).Status);

        var counts = await Counted(fleet, c => c.Signal == InputSignal.RetrievalAge, atLeast: 2);
        Assert.Equal(3, counts.Single(c => c.Signal == InputSignal.RetrievalAge).Sum);
        Assert.Equal(["kb-1", "kb-2"], counts.Where(c => c.Signal == InputSignal.RetrievalIndex).Select(c => c.What).Order());
        Assert.Equal((1, 0), counts.Where(c => c.Signal == InputSignal.RetrievalEmpty).Select(c => (c.N, c.Hits)).Single());
        Assert.Equal(2, fleet.Seven.Asked.Length);
    }

    [Fact]
    public async Task A_name_that_holds_personal_data_is_counted_without_it()
    {
        await using var fleet = await SmallFleet.Start(manifest: Ranker);
        fleet.Seven.Answer = Answers.Json(200, Scores);
        await fleet.Gateway.Post(Rows.Replace("\"age\"", "\"clicks of kim.doe@example.com\"", StringComparison.Ordinal), Infer);
        var counts = await Counted(fleet, c => c.Signal == InputSignal.FeatureNulls, atLeast: 6);
        Assert.Equal(["clicks[0]", "clicks[1]", "personal"], counts.Where(c => c.Signal == InputSignal.FeatureNulls).Select(c => c.What));

        await using var chat = await SmallFleet.Start();
        await chat.Gateway.ChatWith("Hello?", ("x-backstop-retrieval", "index=DE89370400440532013000"));
        Assert.Equal(["personal"], (await Counted(chat, c => c.Signal == InputSignal.RetrievalIndex, atLeast: 1)).Where(c => c.Signal == InputSignal.RetrievalIndex).Select(c => c.What));
    }

    private static Func<Release, Release, Route> Under(string prompts) => SmallFleet.Under($$$"""{"inputs":{"prompts":{{{prompts}}}}}""");

    private static string Asked(string content) =>
        $$"""{"model":"assistant:prod","messages":[{"role":"system","content":{{content}}},{"role":"user","content":"Hello?"}]}""";

    // Everything that was counted, once there are so many observations of a kind.
    private static async Task<InputCount[]> Counted(SmallFleet fleet, Func<InputCount, bool> kind, long atLeast)
    {
        var all = await Eventually.Is(() => All(fleet), counts => counts.Where(kind).Sum(c => c.N) >= atLeast);
        return [.. all.OrderBy(c => c.What, StringComparer.Ordinal)];
    }

    private static InputCount[] All(SmallFleet fleet)
    {
        var tally = new InputTally();
        foreach (var message in fleet.Control.Batches.SelectMany(b => b.Inputs))
        {
            tally.Add(new InputCount((InputSignal)message.Signal, message.What, message.N, message.Hits, message.Sum, message.Squares));
        }

        return [.. tally.Counts];
    }
}
