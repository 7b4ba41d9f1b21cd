using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Detectors;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Tests.Detection;

public class DetectionLabTests
{
    [Fact]
    public void The_same_seed_gives_the_same_table()
    {
        var options = new DetectionOptions { Repetitions = 10, Requests = 2000, Only = "v8" };
        Assert.Equal(JsonSerializer.Serialize(DetectionLab.Run(options)), JsonSerializer.Serialize(DetectionLab.Run(options)));
    }

    [Theory]
    [InlineData("v8, promoted", 24)]
    [InlineData("v8, 5% canary", 490)]
    [InlineData("v8, 10% canary", 289)]
    [InlineData("v8, 50% canary", 147)]
    public void A_bad_release_is_found_almost_as_soon_as_information_theory_allows(string scenario, double atMost)
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 800, Requests = 20_000, Only = scenario, Rule = "ours" });
        var ours = rows.Single(r => r.Scenario == scenario && r.Rule == "ours");
        Assert.Equal(1, ours.Fired.Value);
        Assert.InRange(ours.MeanDelay!.Value, ours.Bound!.Value, atMost);
    }

    [Fact]
    public void A_release_that_turns_bad_after_a_long_time_is_found_at_once()
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 100, Requests = 2000, Only = "after 20000 good requests", Rule = "ours" });
        var ours = rows.Single(r => r.Rule == "ours, standing");
        Assert.Equal(0, ours.FiredEarly.Hits);
        Assert.InRange(ours.MeanDelay!.Value, ours.Bound!.Value, 50);
    }

    [Theory]
    [InlineData("v7, 10% canary")]
    [InlineData("shifted")]
    [InlineData("better")]
    [InlineData("shared outage")]
    [InlineData("ramp")]
    [InlineData("sticky")]
    [InlineData("labels late")]
    [InlineData("sick replica")]
    [InlineData("planned")]
    [InlineData("ten monitors")]
    [InlineData("shared slowdown")]
    public void A_release_that_is_no_worse_is_not_rolled_back(string scenario)
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 60, Requests = 4000, Only = scenario, Rule = "ours" });
        Assert.All(rows.Where(r => r.Rule.StartsWith("ours", StringComparison.Ordinal) && !IsAWarning(r.Rule)), row => Assert.InRange(row.Fired.Hits, 0, 1));
    }

    [Fact]
    public void Rules_without_randomised_control_fire_on_a_shared_fault()
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 50, Requests = 20_000, Only = "shared outage" });
        Assert.True(rows.Single(r => r.Rule == "Argo, Flagger: failed intervals").Fired.Value > 0.5);
    }

    [Fact]
    public void Rules_that_pool_the_stages_of_a_ramp_fire_on_nothing()
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 50, Requests = 20_000, Only = "ramp", Rule = "mSPRT" });
        Assert.True(rows.Single().Fired.Value > 0.3);
    }

    [Fact]
    public void Counting_labels_as_they_arrive_fires_on_nothing_and_waiting_for_the_watermark_does_not()
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 40, Requests = 10_000, Only = "bad ones soonest", Rule = "ours" });
        Assert.Equal(0, rows.Single(r => r.Rule == "ours, at the watermark").Fired.Hits);
        Assert.True(rows.Single(r => r.Rule == "ours, on arrival (no watermark)").Fired.Hits >= 3);
    }

    [Fact]
    public void A_sick_replica_is_named_and_the_release_is_not_blamed_for_it()
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 40, Requests = 30_000, Only = "sick replica of 3", Rule = "ours" });
        var ours = rows.Single(r => r.Rule == "ours, without each replica");
        Assert.Equal(0, ours.Fired.Hits);
        Assert.True(ours.Named!.Share.Hits >= 30);
        Assert.Equal(0, ours.Named.Wrong.Hits);
        Assert.True(rows.Single(r => r.Rule == "ours, replicas pooled").Fired.Hits >= 30);
    }

    [Fact]
    public void A_bad_release_is_found_on_several_replicas_and_none_of_them_is_named_for_it()
    {
        var row = DetectionLab.Run(new DetectionOptions { Repetitions = 200, Only = "on 4 replicas", Rule = "without each" }).Single();
        Assert.Equal(row.Fired.Trials, row.Fired.Hits);
        Assert.InRange(row.Named?.Share.Hits ?? 0, 0, 3);
    }

    [Fact]
    public void An_assignment_that_is_not_the_planned_one_freezes_decisions_long_before_the_table_alone_would_err()
    {
        var rows = DetectionLab.Run(new DetectionOptions { Repetitions = 40, Requests = 30_000, Only = "5% drawn", Rule = "ours" });
        var guarded = rows.Single(r => r.Rule == "ours, guarded");
        Assert.Equal(0, guarded.Fired.Hits);
        Assert.Equal(40, guarded.Froze!.Share.Hits);
        Assert.InRange(guarded.Froze.MeanRequests, 100, 1000);
        Assert.True(rows.Single(r => r.Rule == "ours, the table alone").Fired.Hits >= 30);
    }

    [Fact]
    public void A_tenth_more_latency_is_found_within_half_as_much_again_as_the_bound()
    {
        var ours = DetectionLab.Run(new DetectionOptions { Repetitions = 200, Only = "10% slower", Rule = "ours" }).Single(r => r.Rule == "ours");
        Assert.Equal(ours.Fired.Trials, ours.Fired.Hits);
        Assert.InRange(ours.Bound!.Value, 2196, 2198);
        Assert.InRange(ours.MeanDelay!.Value, ours.Bound!.Value, 1.5 * ours.Bound.Value);
    }

    [Fact]
    public void Looking_only_when_it_could_matter_gives_the_same_answer_as_always_looking()
    {
        var scenario = Scenarios.Canary(SimulatedRelease.V8, 0.1, 5000);
        ImmutableArray<double> rates = [.. SimulatedRelease.V7.Outcomes()[..3]];
        var table = new JointTable(new TableDesign { Stages = [new TableStage(0.1, [rates])], Margins = [0.002, 0.002, 0.01] });
        for (var seed = 0; seed < 50; seed++)
        {
            var stream = new RequestStream(scenario, seed);
            var evidence = new RunningEvidence(new(table.Increments), Math.Log(1000));
            var counts = new long[table.Cells];
            while (stream.TryNext(out var request))
            {
                var cell = table.CellOf(0, 0, request.Tested, request.Category);
                counts[cell]++;
                var reaches = evidence.Reaches(cell);
                Assert.Equal(table.LogE(counts) >= Math.Log(1000), reaches);
                if (reaches)
                {
                    break;
                }
            }
        }
    }

    [Theory]
    [InlineData("v7, 50% canary", "ours, strict")]
    [InlineData("v7, 10% canary", "ours, all flags by attack")]
    [InlineData("ramp", "ours, by attack flag")]
    [InlineData("shared slowdown", "ours")]
    [InlineData("sticky users", "ours, by session")]
    [InlineData("one sick replica of 3", "ours, without each replica")]
    [InlineData("ten monitors", "ours, ten on one budget")]
    public void Requests_drawn_by_the_hundred_make_rules_err_as_often_as_requests_drawn_one_by_one(string scenario, string rule)
    {
        // A lenient alpha and few requests, so that there is something to count.
        var options = new DetectionOptions { Repetitions = 1500, Requests = 2000, Alpha = 0.5, Only = scenario, Rule = rule };
        var (one, many) = (Fired(options), Fired(options with { Counted = true, Seed = 1_000_000 }));
        var spread = Math.Sqrt((one * (1 - one)) + (many * (1 - many))) / Math.Sqrt(options.Repetitions);
        Assert.InRange(one, 0.005, 0.6);
        Assert.InRange(many - one, -4 * spread, 4 * spread);

        double Fired(DetectionOptions asked) => DetectionLab.Run(asked).First(r => r.Rule.EndsWith(rule, StringComparison.Ordinal)).Fired.Value;
    }

    [Theory]
    [InlineData("v8, 10% canary", "ours", 1e-12)]
    [InlineData("ramp over a drifting base rate", "ours, strict", 0.1)]
    [InlineData("one sick replica of 3, 10% canary", "ours, without each replica", 0.1)]
    public void Passing_over_a_block_and_looking_at_its_requests_one_by_one_give_the_same(string name, string rule, double alpha)
    {
        var scenario = Scenarios.All(10_000).Single(s => s.Name == name);
        var start = DetectorSet.For(scenario, alpha).Single(r => r.Name == rule).Start;
        var (passedOver, reactions) = (0, 0);
        for (var seed = 1; seed <= 100; seed++)
        {
            var (one, many) = ((ICountedDetector)start(), (ICountedDetector)start());
            var stream = new RequestStream(scenario, seed);
            var isOver = false;
            while (!isOver && Block(stream, one) is { Count: > 0 } cells)
            {
                var counts = new long[many.Cells];
                cells.ForEach(cell => counts[cell]++);
                List<Reaction> expected = [.. cells.Select(one.Count)];
                if (many.CouldReact(counts))
                {
                    Assert.Equal(expected, cells.Select(many.Count));
                }
                else
                {
                    Assert.All(expected, reaction => Assert.Equal(ReactionKind.None, reaction.Kind));
                    many.PassOver(counts);
                    passedOver++;
                }

                reactions += expected.Count(r => r.Kind != ReactionKind.None);
                isOver = expected.Exists(r => r.Kind == ReactionKind.RollBack);
            }
        }

        Assert.True(passedOver > 0 && reactions > 0, $"{passedOver} blocks passed over, {reactions} reactions");

        static List<int> Block(RequestStream stream, ICountedDetector rule)
        {
            List<int> cells = [];
            while (cells.Count < 100 && stream.TryNext(out var request))
            {
                cells.Add(rule.CellOf(request));
            }

            return cells;
        }
    }

    [Theory]
    [InlineData(-2.3263478740408408, 0.01)]
    [InlineData(0, 0.5)]
    [InlineData(1.2815515655446004, 0.9)]
    [InlineData(6, 0.99999999901341230)]
    public void The_normal_distribution_matches_the_tables(double x, double below) =>
        Assert.Equal(below, NormalDistribution.Below(x), 1e-14);

    [Fact]
    public void The_standing_rule_is_the_change_detector_request_by_request()
    {
        var test = new CeilingTest([[0.037, 0.006, 0.068]], [[1.5, 3, 8], [4, 20, 100], [1.25, 1.6, 2.6]]);
        var stream = new RequestStream(Scenarios.Promoted(SimulatedRelease.V8, 1000), seed: 3);
        var detector = new CeilingDetector(test);
        var counts = new long[test.Cells];
        var rule = new StandingDetector(test, StandingDetector.FactorsOf(test), Math.Log(1e8), (in SimulatedRequest r) => r.Category);
        while (stream.TryNext(out var request))
        {
            counts[request.Category] = 1;
            detector.Add(counts);
            counts[request.Category] = 0;
            Assert.Equal(detector.LogValue >= Math.Log(1e8), rule.Watch(request).Kind == ReactionKind.RollBack);
        }
    }

    [Fact]
    public void A_window_that_adapts_finds_a_rise_and_leaves_a_fall_alone()
    {
        Assert.True(Fires(before: 100, after: 4));
        Assert.False(Fires(before: 4, after: 100));

        static bool Fires(int before, int after)
        {
            var rule = new Adwin();
            var fired = false;
            for (var i = 1; i <= 4000; i++)
            {
                fired |= rule.Watch(new SimulatedRequest { Tested = true, Flags = i % (i < 2000 ? before : after) == 0 ? 4 : 0 }).Kind == ReactionKind.RollBack;
            }

            return fired;
        }
    }

    // Clopper and Pearson's limits are quantiles of the beta distribution; these were taken from its tables.
    [Theory]
    [InlineData(0, 3000, 0.0, 0.0012289, 0.0009981)]
    [InlineData(1, 100, 0.0002531, 0.0544594, 0.0465598)]
    [InlineData(10, 20000, 0.0002398, 0.0009194, 0.0008479)]
    [InlineData(100, 100, 0.9637833, 1.0, 1.0)]
    public void Measured_proportions_have_exact_limits(long hits, long trials, double lower, double upper, double limit)
    {
        var proportion = Proportion.Of(hits, trials);
        Assert.Equal(lower, proportion.Lower, 1e-6);
        Assert.Equal(upper, proportion.Upper, 1e-6);
        Assert.Equal(limit, proportion.UpperLimit, 1e-6);
    }

    // Nats per request that were computed apart from this program.
    [Theory]
    [InlineData(Facts.OutcomeByAttack, 1, 0.83709)]
    [InlineData(Facts.FlagsByAttack, 1, 0.93523)]
    [InlineData(Facts.FlagsByAttack, 0.05, 0.03184)]
    [InlineData(Facts.FlagsByAttack, 0.1, 0.05288)]
    [InlineData(Facts.FlagsByAttack, 0.5, 0.09695)]
    public void More_facts_are_worth_what_theory_says(Facts facts, double share, double nats) =>
        Assert.Equal(nats, 1 / InformationBound.Requests(new(1, share, SimulatedRelease.V8, SimulatedRelease.V7), 1, facts), 5e-6);

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

    // Rules that are in the table to show what goes wrong without a safeguard.
    private static bool IsAWarning(string rule) =>
        rule.Contains("strict", StringComparison.Ordinal) || rule.Contains("wrong unit", StringComparison.Ordinal)
        || rule.Contains("on arrival", StringComparison.Ordinal) || rule.Contains("pooled", StringComparison.Ordinal)
        || rule.Contains("alone", StringComparison.Ordinal);

    [Fact]
    public void Sticky_sessions_keep_the_release_s_rate_and_its_correlation()
    {
        var stream = new RequestStream(Scenarios.Sticky(0.1, 200_000), seed: 5);
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
