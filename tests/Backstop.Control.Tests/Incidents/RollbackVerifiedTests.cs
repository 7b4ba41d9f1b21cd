using System.Net;
using System.Text.Json.Nodes;
using Backstop.Control.Incidents;
using Backstop.Control.Tests.Harness;
using Backstop.Control.Tests.Rollouts;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Tests.Incidents;

/// <summary>A rollback is not believed to have helped because it was made: the failures since say so, or that it did not.</summary>
public sealed class RollbackVerifiedTests
{
    private const string Alias = "assistant:prod";
    private static readonly object Half = new { steps = new[] { new { basis_points = 5000, dwell_ms = 3_600_000, min_units = 100_000 } }, verify_window_ms = 200 };

    [Theory]
    [InlineData(0, "resolved", true)]
    [InlineData(40, "diagnosed", false)]
    public async Task Failures_that_stay_after_a_rollback_open_the_incident_again(int failuresOfHundred, string status, bool helped)
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        var id = await RolloutTests.Submit(server, Half);
        await gateway.Reaches(2);
        await Eventually.Is(
            async () =>
            {
                // Assigned a while ago: on a busy machine what is on its way must not count as what came after the rollback.
                var assigned = DateTimeOffset.UtcNow.AddSeconds(-30);
                await gateway.Send(Batches.Of(Alias, generation: 2, arm: 0, correct: 60, toxic: 0, assigned));
                await gateway.Send(Batches.Of(Alias, generation: 2, arm: 1, correct: 36, toxic: 24, assigned));
                return (string)(await server.Get($"rollouts/{id}"))["status"]!;
            },
            now => now is "rolling_back" or "verifying" or "rolled_back");
        await server.RolloutReaches(id, "rolled_back");

        var incident = await Eventually.Is(
            async () =>
            {
                await gateway.Send(Batches.Of(Alias, gateway.Generation, arm: 0, correct: 100 - failuresOfHundred, toxic: failuresOfHundred));
                return (await server.Get("incidents")).AsArray().SingleOrDefault() ?? JsonValue.Create("none");
            },
            i => i is JsonObject && i["recovery"] is not null);
        Assert.Equal((helped, status), ((bool)incident["recovery"]!["helped"]!, (string)incident["status"]!));
        Assert.Equal(helped ? "helps" : "does_not_help", (string)incident["rollback"]!);
        Assert.Contains(helped ? "helped" : "did NOT help", await server.Api.GetStringAsync($"/api/v1/incidents/{incident["id"]}/postmortem", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_people_are_harmed_the_rollback_comes_before_anybody_knows_and_says_so()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        var rollout = await RolloutTests.Submit(server, Half);
        await gateway.Reaches(2);
        var releases = (await server.Get("releases")).AsArray();
        string Digest(string name) => (string)releases.Single(r => (string?)r!["name"] == name)!["digest"]!;
        var id = (await server.Services.GetRequiredService<IncidentBook>().Raise(new()
        {
            Alias = Alias, Release = Digest("v8"), Baseline = Digest("v7"), RolloutId = rollout, Blamed = false, Reason = "addresses of customers in answers",
        })).Id;

        Assert.Equal(HttpStatusCode.Conflict, (await server.Post($"incidents/{id}/mitigate", new { })).Status); // Nobody is harmed, and nobody knows.
        var (_, graded) = await server.Post($"incidents/{id}/severity", new { severity = "severe" });
        Assert.True((bool)graded["precautionary"]!);
        var (status, done) = await server.Post($"incidents/{id}/mitigate", new { });

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.NotNull(done["precaution"]);
        Assert.Null((bool?)done["release_to_blame"]);
        await server.RolloutReaches(rollout, "rolled_back");
        var alias = await server.Get($"aliases/{Alias}");
        Assert.Equal("v7", (string)alias["current"]!["name"]!);
        Assert.Empty(alias["quarantined"]!.AsArray());
        Assert.Contains("precautionary", (await server.Get("journal?limit=100")).ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("automatically", true)]
    [InlineData("when_told", false)]
    public async Task Where_the_policy_allows_it_the_precaution_waits_for_nobody(string contain, bool isTaken)
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        await server.Post($"aliases/{Alias}/traffic", new { policy = new { inputs = new { contain } }, reason = "test" });
        await gateway.Reaches(2);
        await gateway.Send(Batches.Of(Alias, generation: 2, arm: 0, correct: 940, toxic: 60));
        var rollout = await RolloutTests.Submit(server, new { steps = new[] { new { basis_points = 500, dwell_ms = 3_600_000, min_units = 100_000 } }, verify_window_ms = 200 });
        await gateway.Reaches(3);

        // Abuse rises on both arms, more on the one with four requests: it is harm, and nobody can say whose.
        var sent = 0;
        var incident = await Eventually.Is(
            async () =>
            {
                await gateway.Send(Batches.Of(Alias, generation: 3, arm: 0, correct: 57, toxic: 19));
                await gateway.Send(Batches.Of(Alias, generation: 3, arm: 1, correct: 2, toxic: 2));
                sent += 80;
                await Eventually.Is(
                    () => server.Get($"aliases/{Alias}"), alias => (long?)alias["judgement"]?["units"] >= sent || (string?)alias["rollout"]?["status"] is not "canary");
                return (await server.Get($"incidents?alias={Alias}")).AsArray().SingleOrDefault() ?? JsonValue.Create("none");
            },
            i => i is JsonObject);
        Assert.Equal(("severe", "inconclusive"), ((string)incident["severity"]!, (string)incident["rollback"]!));

        if (!isTaken)
        {
            Assert.True((bool)incident["precautionary"]!);
            Assert.Equal("held", (string)(await server.Get($"rollouts/{rollout}"))["status"]!);
            Assert.Null(incident["precaution"]);
            return;
        }

        await server.RolloutReaches(rollout, "rolled_back");
        incident = await Eventually.Is(() => server.Get($"incidents/{incident["id"]}"), i => i["precaution"] is not null);
        Assert.Equal("backstop", (string)incident["precaution"]!["by"]!);
        Assert.Null((bool?)incident["release_to_blame"]);
        Assert.Empty((await server.Get($"aliases/{Alias}"))["quarantined"]!.AsArray());
        Assert.Contains("precautionary. People are harmed", (await server.Get("journal?limit=100")).ToJsonString(), StringComparison.Ordinal);
    }
}
