using System.Net;
using System.Text.Json.Nodes;
using Backstop.Control.Tests.Harness;
using Backstop.Control.Tests.Rollouts;
using Backstop.Core.Inputs;
using Backstop.Protocol;
using InputCount = Backstop.Protocol.InputCount;

namespace Backstop.Control.Tests.Incidents;

/// <summary>What nobody can explain is looked at more closely, and the judge is held against what is known.</summary>
public sealed class CloserLookTests
{
    private const string Alias = "assistant:prod";

    private static readonly object Judge = new
    {
        name = "helpful", worse = "lower", judge = new { url = "http://127.0.0.1:9", model = "judge-2", question = "Is it helpful?", anchors = new[] { new { answer = "a", most = 0.2 } } },
    };

    [Fact]
    public async Task While_nobody_knows_what_broke_all_of_the_small_arm_is_judged_and_the_judges_anchors_come_into_the_case()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        Assert.Equal(HttpStatusCode.OK, (await server.Post($"aliases/{Alias}/traffic", new { policy = new { signals = new[] { Judge } }, reason = "test" })).Status);
        await gateway.Reaches(2);
        await gateway.Send(Batches.Of(Alias, generation: 2, arm: 0, correct: 940, toxic: 60));
        await gateway.Send(Anchors(secondsAgo: 0, asked: 1, wrong: 0));
        await gateway.Send(Anchors(secondsAgo: 60, asked: 300, wrong: 6));
        await RolloutTests.Submit(server, new { steps = new[] { new { basis_points = 500, dwell_ms = 3_600_000, min_units = 100_000 } } });
        await gateway.Reaches(3);

        // Both arms fail more than they did, and four requests of the candidate cannot say why.
        await Eventually.Is(
            async () =>
            {
                await gateway.Send(Batches.Of(Alias, generation: 3, arm: 0, correct: 57, toxic: 19));
                await gateway.Send(Batches.Of(Alias, generation: 3, arm: 1, correct: 3, toxic: 1));
                return (await server.Get($"aliases/{Alias}"))["mitigations"]!.AsArray();
            },
            all => all.Count == 1);
        await gateway.Reaches(4);
        var mitigation = (await server.Get($"aliases/{Alias}"))["mitigations"]![0]!;
        var id = (string)(await server.Get("incidents"))[0]!["id"]!;
        Assert.Equal(("judging", "backstop", id), ((string)mitigation["kind"]!, (string)mitigation["by"]!, (string)mitigation["reason"]!));
        var judge = JsonNode.Parse(gateway.Routes.Last().Route.Traffic)!["signals"]![0]!["judge"]!;
        Assert.Equal((100, 100, 2), ((int)judge["candidate_percent"]!, (int)judge["holdback_percent"]!, (int)judge["anchor_every"]!));

        await gateway.Send(Anchors(secondsAgo: 0, asked: 40, wrong: 1));
        var anchors = await Eventually.Is<JsonNode>(
            async () => (await server.Get($"incidents/{id}/case"))["signals"]!.AsArray().SingleOrDefault(s => (string?)s!["name"] == "judge_anchors") ?? JsonValue.Create("none"),
            s => s is JsonObject);
        Assert.Equal((6, 1), ((int)anchors["before"]!["hits"]!, (int)anchors["after"]!["hits"]!));
    }

    [Fact]
    public async Task A_person_may_look_closer_too_where_there_is_a_judge()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        var body = new { kind = "judging", for_ms = 60_000, reason = "is it the release?" };
        var (status, problem) = await server.Post($"aliases/{Alias}/mitigations", body);
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("has no judge", (string)problem["detail"]!, StringComparison.Ordinal);

        await server.Post($"aliases/{Alias}/traffic", new { policy = new { signals = new[] { Judge } }, reason = "test" });
        Assert.Equal(HttpStatusCode.OK, (await server.Post($"aliases/{Alias}/mitigations", body)).Status);
    }

    private static SignalBatch Anchors(int secondsAgo, long asked, long wrong) => new()
    {
        Inputs =
        {
            new InputCount
            {
                Alias = Alias, Bucket = Core.Inputs.InputCount.BucketOf(DateTimeOffset.UtcNow.AddSeconds(-secondsAgo)), Signal = (int)InputSignal.JudgeAnchor, What = "helpful", N = asked, Hits = wrong,
            },
        },
    };
}
