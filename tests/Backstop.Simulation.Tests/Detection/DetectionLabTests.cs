using System.Text.Json;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Detectors;

namespace Backstop.Simulation.Tests.Detection;

public class DetectionLabTests
{
    [Fact]
    public void The_same_seed_gives_the_same_table()
    {
        var options = new DetectionOptions { Repetitions = 20, Requests = 3000, Only = "v8" };
        Assert.Equal(JsonSerializer.Serialize(DetectionLab.Run(options)), JsonSerializer.Serialize(DetectionLab.Run(options)));
    }

    [Theory]
    [InlineData("v8, promoted", 24)]
    [InlineData("v8, 5% canary", 490)]
    [InlineData("v8, 10% canary", 289)]
    [InlineData("v8, 50% canary", 147)]
    public void A_bad_release_is_found_almost_as_soon_as_information_theory_allows(string scenario, double atMost)
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 1500, Requests = 20_000, Only = scenario });
        var ours = rows.Single(r => r.Rule == "ours");
        Assert.Equal(1, ours.Fired.Value);
        Assert.InRange(ours.MeanDelay!.Value, ours.Bound!.Value, atMost);
    }

    [Fact]
    public void A_release_that_turns_bad_after_a_long_time_is_found_at_once()
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 200, Requests = 2000, Only = "after 20000 good requests" });
        var ours = rows.Single(r => r.Rule == "ours, standing");
        Assert.Equal(0, ours.FiredEarly.Hits);
        Assert.InRange(ours.MeanDelay!.Value, ours.Bound!.Value, 50);
    }

    [Theory]
    [InlineData("v7, 10% canary")]
    [InlineData("shifted")]
    [InlineData("shared fault")]
    [InlineData("ramp")]
    public void A_release_that_is_no_worse_is_not_rolled_back(string scenario)
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 100, Requests = 5000, Only = scenario });
        Assert.All(rows.Where(r => r.Rule is "ours" or "the product's plan"), row => Assert.InRange(row.Fired.Hits, 0, 1));
    }

    [Fact]
    public void Rules_without_randomised_control_fire_on_a_shared_fault()
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 50, Requests = 20_000, Only = "shared fault" });
        Assert.True(rows.Single(r => r.Rule == "interval counting").Fired.Value > 0.5);
    }

    [Fact]
    public void The_bounds_match_the_reference()
    {
        using var stream = typeof(DetectionLabTests).Assembly.GetManifestResourceStream("sequential.json")!;
        var bounds = JsonDocument.Parse(stream).RootElement.GetProperty("bounds");
        foreach (var release in new[] { SimulatedRelease.V8, SimulatedRelease.Subtle })
        {
            var expected = bounds.GetProperty(release.Name).GetProperty("iii joint 4-way");
            foreach (var (name, share) in new[] { ("kl_fixed", 1), ("js_x0.05", 0.05), ("js_x0.1", 0.1), ("js_x0.5", 0.5) })
            {
                Assert.Equal(
                    expected.GetProperty(name).GetDouble(),
                    InformationBound.Information(release.Outcomes(), SimulatedRelease.V7.Outcomes(), share), 1e-9);
            }
        }
    }

    [Fact]
    public void The_mixture_test_matches_the_reference()
    {
        using var stream = typeof(DetectionLabTests).Assembly.GetManifestResourceStream("sequential.json")!;
        foreach (var c in JsonDocument.Parse(stream).RootElement.GetProperty("msprt_two_proportion").EnumerateArray())
        {
            Assert.Equal(
                c.GetProperty("log_lambda").GetDouble(),
                MixtureSprt.LogLambda(
                    c.GetProperty("k1").GetDouble(), c.GetProperty("n1").GetDouble(), c.GetProperty("k0").GetDouble(), c.GetProperty("n0").GetDouble()),
                1e-9);
        }
    }

    [Fact]
    public void Sticky_sessions_keep_the_release_s_rate_and_its_correlation()
    {
        var stream = new RequestStream(DetectionScenario.Sticky(0.1, 200_000), seed: 5);
        var bySession = new Dictionary<int, (int Requests, int Bad)>();
        while (stream.TryNext(out var request))
        {
            var (requests, bad) = bySession.GetValueOrDefault(request.Session);
            bySession[request.Session] = (requests + 1, bad + (request.IsBad ? 1 : 0));
        }

        double pairs = 0, bothBad = 0, all = 0, bads = 0;
        foreach (var (requests, bad) in bySession.Values)
        {
            pairs += requests * (requests - 1.0);
            bothBad += bad * (bad - 1.0);
            all += requests;
            bads += bad;
        }

        var rate = bads / all;
        Assert.Equal(1 - SimulatedRelease.V7.Outcomes()[3], rate, 0.01);
        Assert.Equal(0.2, ((bothBad / pairs) - (rate * rate)) / (rate * (1 - rate)), 0.04);
    }
}
