using System.Net;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Routing;

/// <summary>Who gets which release: by a unit that stays together, by a named arm, or by a tester's wish.</summary>
public sealed class SplitTests
{
    [Fact]
    public async Task All_requests_of_one_conversation_get_one_release()
    {
        await using var fleet = await SmallFleet.Start(Half("""{"sticky":{"header":"x-conversation-id"}}"""));
        var seen = new HashSet<string>();
        for (var conversation = 0; conversation < 12; conversation++)
        {
            var releases = new HashSet<string>();
            for (var turn = 0; turn < 4; turn++)
            {
                releases.Add((await fleet.Gateway.ChatWith("Hello?", ("x-conversation-id", $"c{conversation}"))).Headers["x-backstop-release"]);
            }

            seen.Add(Assert.Single(releases));
        }

        Assert.Equal(["v7", "v8"], seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task All_requests_of_one_user_in_the_body_get_one_release_unless_a_unit_is_named()
    {
        await using var fleet = await SmallFleet.Start(Half("""{"sticky":{"by":"user"}}"""));
        var perUser = new List<string>();
        for (var user = 0; user < 12; user++)
        {
            var body = RunningGateway.Request("Hello?");
            body["user"] = $"u{user}";
            var releases = new HashSet<string>();
            for (var turn = 0; turn < 4; turn++)
            {
                releases.Add((await fleet.Gateway.Post(body.ToJsonString())).Headers["x-backstop-release"]);
            }

            perUser.Add(Assert.Single(releases));

            // The user reaches the model server as it came.
            Assert.Contains($"\"user\":\"u{user}\"", fleet.Seven.Asked.Concat(fleet.Eight.Asked).Last(asked => asked.Contains($"\"u{user}\"", StringComparison.Ordinal)), StringComparison.Ordinal);
        }

        Assert.Equal(2, perUser.Distinct(StringComparer.Ordinal).Count());
        var mine = RunningGateway.Request("Hello?");
        mine["user"] = "u0";
        var others = new HashSet<string>();
        for (var unit = 0; unit < 12; unit++)
        {
            others.Add((await fleet.Gateway.Post(mine.ToJsonString(), unit: $"unit-{unit}")).Headers["x-backstop-release"]);
        }

        Assert.Equal(2, others.Count);
    }

    [Fact]
    public async Task A_named_arm_gets_its_share_says_its_name_and_is_no_evidence()
    {
        await using var fleet = await SmallFleet.Start((old, young) => SmallFleet.Plain(old) with
        {
            Traffic = TrafficPolicy.Parse($$"""{"variants":[{"name":"short","release":"{{young.Digest}}","basis_points":10000}]}"""),
        });
        var reply = await fleet.Gateway.Chat("Hello?");

        Assert.Equal(("v8", "short"), (reply.Headers["x-backstop-release"], reply.Headers["x-backstop-arm"]));
        await Eventually.Is(() => fleet.Control.Batches, batches => batches.Any(b => b.Started.Count > 0));
        Assert.All(fleet.Control.Batches, b => Assert.Empty(b.Epochs));
    }

    [Fact]
    public async Task A_tester_chooses_where_the_alias_allows_it_and_only_among_its_releases()
    {
        await using var fleet = await SmallFleet.Start((old, young) => SmallFleet.Plain(old) with
        {
            Previous = young.Digest,
            Traffic = TrafficPolicy.Parse("""{"testers_choose":true}"""),
        });
        var chosen = await fleet.Gateway.ChatWith("Hello?", ("x-backstop-release", "v8"));
        Assert.Equal("v8", chosen.Headers["x-backstop-release"]);
        (await fleet.Gateway.ChatWith("Hello?", ("x-backstop-release", "v9"))).IsError(HttpStatusCode.BadRequest, "unknown_release");
        Assert.Equal("v7", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-release"]);
    }

    [Fact]
    public async Task Nobody_chooses_where_the_alias_says_nothing()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Canary);

        (await fleet.Gateway.ChatWith("Hello?", ("x-backstop-release", "v7"))).IsError(HttpStatusCode.Forbidden, "release_not_selectable");
        Assert.Empty(fleet.Seven.Asked);
    }

    private static Func<Release, Release, Route> Half(string policy) => (old, young) =>
        SmallFleet.Canary(old, young) with { CandidateBasisPoints = Route.Whole / 2, Traffic = TrafficPolicy.Parse(policy) };
}
