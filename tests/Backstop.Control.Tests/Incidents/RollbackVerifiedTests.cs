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
}
