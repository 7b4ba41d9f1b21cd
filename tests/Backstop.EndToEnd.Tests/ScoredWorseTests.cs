using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Demo;

namespace Backstop.EndToEnd.Tests;

/// <summary>A candidate whose answers are fine by every check, and less helpful: only what the application posts tells them apart.</summary>
[Collection<OneServer>]
public sealed class ScoredWorseTests(RunningBackstop backstop)
{
    [Fact]
    public async Task A_release_that_the_application_scores_worse_is_rolled_back()
    {
        var cancel = TestContext.Current.CancellationToken;
        const string alias = "helper:prod";
        var manifest = DemoManifest.Of("v8", backstop.Pool); // The same servers under another name: nothing but the scores differs.
        manifest["serving"]!["model"] = "v7";
        await backstop.Control.RegisterRelease("v8", manifest, cancel);
        await backstop.Control.CreateAlias(new(alias, "v7") { LabelDeadlineMs = 500 }, cancel);
        await backstop.Control.Shape(
            alias,
            JsonNode.Parse("""{ "signals": [ { "name": "helpful", "worse": "lower", "most": 5, "margin": 0.2 } ] }""")!.AsObject(),
            "the application asks its users",
            cancel);
        var plan = new PlanRequest([new(BasisPoints: 5000, DwellMs: 3_600_000, MinUnits: 1_000_000)]).ToJson();
        var rollout = (await backstop.Control.StartRollout(alias, new("v8") { Plan = plan }, cancel)).Body;

        using var http = new HttpClient { BaseAddress = backstop.Http };
        for (var deadline = DateTime.UtcNow.AddSeconds(120); rollout.Status != "rolled_back"; rollout = (await backstop.Control.Rollout(rollout.Id, cancel)).Body)
        {
            Assert.True(DateTime.UtcNow < deadline && rollout.Status != "rejected", $"{rollout.Status}: {rollout.Reason}");
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AskAndScore(http, alias, cancel)));
        }

        Assert.Contains("scored worse than its control by more than the margin: helpful", rollout.Reason, StringComparison.Ordinal);
    }

    private static async Task AskAndScore(HttpClient http, string alias, CancellationToken cancel)
    {
        using var answer = await http.PostAsJsonAsync(
            "v1/chat/completions", new { model = alias, messages = new[] { new { role = "user", content = "What is 2 + 2?" } } }, cancel);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            return; // The alias's first route may still be on its way.
        }

        var helpful = answer.Headers.GetValues("x-backstop-release").Single() == "v7" ? 4.5 : 3;
        using var taken = await http.PostAsJsonAsync(
            "v1/signals", new { request_id = answer.Headers.GetValues("x-request-id").Single(), signals = new { helpful } }, cancel);
        Assert.Equal(HttpStatusCode.Accepted, taken.StatusCode);
    }
}
