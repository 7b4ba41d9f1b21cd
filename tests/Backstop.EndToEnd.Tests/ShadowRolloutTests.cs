using System.Net;
using System.Net.Http.Json;
using Backstop.Client;
using Backstop.Commands;
using Backstop.Core.Rollouts;
using Backstop.Demo;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests;

/// <summary>Rollouts by copies through the real gateway, stream, control plane and command line.</summary>
public sealed class ShadowRolloutTests(RunningBackstop backstop) : IClassFixture<RunningBackstop>, IDisposable
{
    private readonly string _log = Path.GetTempFileName();

    public static TheoryData<string> Presets => [.. RolloutPresets.All.Keys];

    public void Dispose() => File.Delete(_log);

    [Theory]
    [MemberData(nameof(Presets))]
    public async Task The_plan_that_is_written_out_in_the_documentation_is_the_preset_of_its_name(string name)
    {
        var file = Path.Combine(AppContext.BaseDirectory, "plans", $"{name}.yaml");
        var sent = await RolloutPlanFile.Read(new(file), TestContext.Current.CancellationToken);
        Assert.Equal(
            PlanDigest.Of(RolloutPresets.All[name]),
            (string)(await backstop.Control.ForecastRollout(RunningBackstop.Alias, new("v7-twin") { Plan = sent }, TestContext.Current.CancellationToken)).Body.PlanDigest!);
    }

    [Fact]
    public async Task A_bad_candidate_that_is_only_shadowed_is_found_out_and_no_user_ever_gets_an_answer_of_it()
    {
        var cancel = TestContext.Current.CancellationToken;
        var bad = new Uri($"http://{ListenAddress.WithPort(new(IPAddress.Loopback, 0))}");
        await using var emulator = await ChildProcess.Start(
            "emulate", _log, ["emulate", "--port", $"{bad.Port}", "--profile", "v7", "--name", "v9", "--toxic", "0.5", "--latency-median", "5", "--latency-p99", "20"], cancel);
        await backstop.Control.RegisterRelease("v9", DemoManifest.Of("v9", bad), cancel);
        var plan = RolloutPlanFile.Read("preset: shadow-only\nshadow: { share: 100 %, dwell: 1h, units: 1000 }\nverify_window: 100ms\n");
        var forecast = (await backstop.Control.ForecastRollout(RunningBackstop.Alias, new("v9") { Plan = plan.DeepClone() }, cancel)).Body;
        Assert.Equal(["shadowing", "completed"], forecast.AtBest.Select(s => s.Status).Where(s => s is "shadowing" or "canary" or "promoting" or "completed").Distinct());
        Assert.Contains(forecast.InSilence, s => s.Status == "held");
        var rollout = (await backstop.Control.StartRollout(RunningBackstop.Alias, new("v9") { Plan = plan }, cancel)).Body;

        using var http = new HttpClient { BaseAddress = backstop.Http };
        for (var asked = 0; !rollout.IsOver && asked < 4000; asked += 10)
        {
            await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Ask(http, cancel)));
            rollout = (await backstop.Control.Rollout(rollout.Id, cancel)).Body;
        }

        Assert.Equal("rolled_back", rollout.Status);
        Assert.Contains("no user saw", rollout.Reason, StringComparison.Ordinal);
        Assert.True(rollout.Shadow is { Verdict: "regressed", Worse: > 0 }, $"{rollout.Shadow}");
        Assert.Equal("v7", (await backstop.Control.Alias(RunningBackstop.Alias, cancel)).Body.Current.Name);
    }

    private static async Task Ask(HttpClient http, CancellationToken cancel)
    {
        using var response = await http.PostAsJsonAsync(
            "v1/chat/completions",
            new { model = RunningBackstop.Alias, messages = new[] { new { role = "user", content = "What is 2 + 2?" } } },
            cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("v7", Assert.Single(response.Headers.GetValues("x-backstop-release")));
    }
}
