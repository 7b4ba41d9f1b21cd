using System.Net;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Drops;
using Backstop.Gateway.Shadows;
using Backstop.Gateway.Tests.Harness;
using Backstop.Protocol;
using Microsoft.AspNetCore.Http;
using Release = Backstop.Core.Registry.Release;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Tests.Shadows;

/// <summary>A release is asked beside the one that answers, and no user can tell.</summary>
public sealed class ShadowTests
{
    private static readonly Dictionary<string, RequestDelegate> Bad = new(StringComparer.Ordinal)
    {
        ["never answers"] = Answers.Hang(),
        ["fails"] = Answers.Json(500, "{}"),
        ["cuts the connection"] = http =>
        {
            http.Abort();
            return Task.CompletedTask;
        },
        ["answers with garbage"] = Answers.Json(200, "<html>", "text/html"),
        ["answers with abuse"] = Answers.Chat(Answers.Toxic),
        ["sends without end"] = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await http.Response.Body.WriteAsync(Answers.Sse([Answers.Story], ends: false), http.RequestAborted);
            }
        },
    };

    public static TheoryData<string> Ways => [.. Bad.Keys];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_shadow_that_misbehaves_neither_delays_nor_changes_nor_fails_an_answer(string how)
    {
        await using var fleet = await SmallFleet.Start(All);
        fleet.Eight.Answer = Bad[how];
        foreach (var stream in (bool[])[false, true])
        {
            // More than can wait: what does not fit is dropped, and nobody waits for it.
            for (var i = 0; i < (how == "never answers" ? ShadowQueue.Most : 10); i++)
            {
                var reply = await fleet.Gateway.Chat("Hello?", stream);
                Assert.Equal((HttpStatusCode.OK, "v7"), (reply.Status, reply.Headers["x-backstop-release"]));
                Assert.Equal("Hello.", stream ? reply.StreamedText : reply.Text);
            }
        }

        if (how == "never answers")
        {
            await Eventually.Is(() => Sum(fleet, s => s.Dropped), dropped => dropped > 0);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_copy_is_compared_with_what_the_user_got_and_counts_for_its_own_arm(bool stream)
    {
        await using var fleet = await SmallFleet.Start(All);
        await fleet.Gateway.Chat("What is four plus five?", stream);
        await Eventually.Is(() => Sum(fleet, s => s.Copies), copies => copies == 1);
        fleet.Eight.Answer = Answers.Chat("Hello. And something else that was not asked.");
        await fleet.Gateway.Chat("What is four plus five?", stream);
        await Eventually.Is(() => Sum(fleet, s => s.Copies), copies => copies == 2);

        var seen = Shadows(fleet).ToList();
        Assert.Equal(1, seen[0].Agreement);
        Assert.InRange(seen[1].Agreement, 0.1, 0.9);
        Assert.Equal(2, seen.Sum(s => s.SameVerdict));
        Assert.Equal(0, seen.Sum(s => s.Failed));
        Assert.All(seen, s => Assert.True(s is { UserMs: > 0, ShadowMs: > 0, UserCharacters: 6 }));
        Assert.True(seen[1].ShadowCharacters > seen[1].UserCharacters);
        Assert.Contains("What is four plus five?", fleet.Eight.Asked[0], StringComparison.Ordinal);
        Assert.Contains("tiny-v8", fleet.Eight.Asked[0], StringComparison.Ordinal);
        await Eventually.Is(
            () => fleet.Control.Batches.SelectMany(b => b.Epochs).Where(e => e.Group == 0).SelectMany(e => e.Cells).Where(c => c.Arm == (int)Arm.Shadow).Sum(c => c.Outcomes.Sum()),
            counted => counted == 2);
    }

    [Fact]
    public async Task A_copy_that_is_blocked_where_the_users_answer_was_not_counts_as_worse_and_the_other_way_round_as_better()
    {
        await using var fleet = await SmallFleet.Start(All);
        fleet.Eight.Answer = Answers.Chat(Answers.Toxic);
        await fleet.Gateway.Chat("What is four plus five?");
        await Eventually.Is(() => Sum(fleet, s => s.Worse), worse => worse == 1);
        fleet.Seven.Answer = Answers.Chat(Answers.Toxic);
        await fleet.Gateway.Chat("What is four plus five?");
        fleet.Eight.Answer = Answers.Chat("Nine.");
        await Eventually.Is(() => Sum(fleet, s => s.Copies), copies => copies == 2);
        await fleet.Gateway.Chat("What is four plus five?");
        await Eventually.Is(() => Sum(fleet, s => s.Better), better => better >= 1);
        Assert.Equal(1, Sum(fleet, s => s.Worse));
        Assert.All(Shadows(fleet), s => Assert.Equal((1, 1), (s.Epoch, s.Generation)));
    }

    [Fact]
    public async Task A_candidate_that_is_only_shadowing_gets_copies_and_no_users()
    {
        await using var fleet = await SmallFleet.Start((old, young) =>
            SmallFleet.Plain(old) with { Candidate = young.Digest, ShadowBasisPoints = Route.Whole, CandidateLease = TimeSpan.FromMinutes(10) });
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("v7", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-release"]);
        }

        await Eventually.Is(() => Sum(fleet, s => s.Copies), copies => copies == 5);
    }

    [Fact]
    public async Task A_shadow_that_was_dropped_here_gets_no_copies()
    {
        var data = Directory.CreateTempSubdirectory("backstop-shadow-").FullName;
        await using (var fleet = await SmallFleet.Start(All, data: data))
        {
            var orders = new DropFile(data);
            var stamp = orders.Write([new("v8", "a test", "operator", DateTimeOffset.UnixEpoch)]);
            await Eventually.Is(orders.Seen, seen => seen == stamp);
            await fleet.Gateway.Chat("Hello?");
            await Eventually.Is(() => fleet.Control.Batches, batches => batches.Any(b => b.Epochs.Count > 0));

            Assert.Empty(fleet.Eight.Asked);
        }

        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public void A_share_of_the_units_is_copied_and_always_the_same()
    {
        var route = All(Parsed("v7"), Parsed("v8")) with { Traffic = TrafficPolicy.Parse("""{"shadow":{"release":"r","basis_points":500}}""") };
        var copied = Enumerable.Range(0, 20_000).Select(i => $"u{i}").Where(u => Copy.ReceiverOf(route, u) == "r").ToList();

        Assert.InRange(copied.Count, 850, 1150);
        Assert.All(copied, u => Assert.Equal("r", Copy.ReceiverOf(route with { Salt = "another" }, u)));
    }

    private static Route All(Release old, Release young) =>
        SmallFleet.Plain(old) with { Traffic = TrafficPolicy.Parse($$$"""{"shadow":{"release":"{{{young.Digest}}}","basis_points":10000}}""") };

    private static Release Parsed(string name) =>
        ((ReleaseResult.Parsed)Release.Parse(name, $$$"""{"serving":{"model":"{{{name}}}","replicas":["http://127.0.0.1:1"]}}""")).Release;

    private static IEnumerable<ShadowComparison> Shadows(SmallFleet fleet) =>
        fleet.Control.Batches.DistinctBy(b => (b.StartId, b.Sequence)).OrderBy(b => b.Sequence).SelectMany(b => b.Shadows);

    private static long Sum(SmallFleet fleet, Func<ShadowComparison, long> of) => Shadows(fleet).Sum(of);
}
