using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Demo;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests;

/// <summary>A candidate on three replicas, of which one spoils its answers: through the real gateway, stream and control plane.</summary>
public sealed class SickReplicaTests(RunningBackstop backstop) : IClassFixture<RunningBackstop>, IDisposable
{
    private readonly string _log = Path.GetTempFileName();

    public void Dispose() => File.Delete(_log);

    [Fact]
    public async Task One_sick_replica_of_three_is_named_and_the_release_is_not_rolled_back()
    {
        var cancel = TestContext.Current.CancellationToken;
        var sick = new Uri($"http://{ListenAddress.WithPort(new(IPAddress.Loopback, 0))}");
        await using var emulator = await ChildProcess.Start(
            "emulate", _log, ["emulate", "--port", $"{sick.Port}", "--profile", "v7", "--toxic", "0.7"], cancel);

        // The pool of v7 under both of its addresses: two replicas that are well.
        var manifest = DemoManifest.Of("v9", backstop.Pool);
        manifest["serving"]!["model"] = "v7";
        manifest["serving"]!["replicas"] = new JsonArray(backstop.Pool.ToString(), new Uri(backstop.Pool, "v1").ToString(), sick.ToString());
        await backstop.Control.RegisterRelease("v9", manifest, cancel);
        var plan = new PlanRequest([new(BasisPoints: 5000, DwellMs: 3_600_000, MinUnits: 1_000_000)]).ToJson();
        var rollout = (await backstop.Control.StartRollout(RunningBackstop.Alias, new("v9") { Plan = plan }, cancel)).Body;

        for (var deadline = DateTime.UtcNow.AddSeconds(120); rollout.Status != "canary"; rollout = (await backstop.Control.Rollout(rollout.Id, cancel)).Body)
        {
            Assert.True(DateTime.UtcNow < deadline && rollout.Status != "rejected", $"{rollout.Status}: {rollout.Reason}");
            await Task.Delay(20, cancel);
        }

        using var http = new HttpClient { BaseAddress = backstop.Http };
        JudgementView? judgement = null;
        for (var asked = 0; judgement?.SickReplica is null && asked < 4000; asked += 20)
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Ask(http, cancel)));
            judgement = (await backstop.Control.Alias(RunningBackstop.Alias, cancel)).Body.Judgement;
        }

        // Nothing changes when the sick one goes on and on.
        for (var asked = 0; asked < 400; asked += 20)
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Ask(http, cancel)));
        }

        judgement = (await backstop.Control.Alias(RunningBackstop.Alias, cancel)).Body.Judgement;
        rollout = (await backstop.Control.Rollout(rollout.Id, cancel)).Body;
        Assert.Equal(3, judgement!.SickReplica);
        Assert.Equal("inconclusive", judgement.Verdict);
        Assert.Contains(sick.ToString(), judgement.Reason, StringComparison.Ordinal);
        Assert.Equal("held", rollout.Status);
        Assert.True(rollout.Judgement?.Difference is { } difference && difference.Lower < difference.Estimate && difference.Estimate < difference.Upper);
        Assert.InRange(judgement.Tested!.FailureRate, judgement.Tested.FailureRateBounds!.Lower, judgement.Tested.FailureRateBounds.Upper);
        Assert.Contains(" points <span", await http.GetStringAsync(new Uri("/", UriKind.Relative), cancel), StringComparison.Ordinal);
    }

    private static async Task Ask(HttpClient http, CancellationToken cancel)
    {
        using var response = await http.PostAsJsonAsync(
            "v1/chat/completions",
            new { model = RunningBackstop.Alias, messages = new[] { new { role = "user", content = "What is 2 + 2?" } } },
            cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
