using System.Globalization;
using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Random;
using Backstop.Simulation.Replay;

namespace Backstop.Simulation.Tests.Replay;

public class ReplayerTests
{
    private static readonly SimulatedRelease V7 = SimulatedRelease.V7;
    private static readonly SimulatedRelease V8 = SimulatedRelease.V8;

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    public void Identical_arms_are_never_called_regressed(double share)
    {
        for (var seed = 1; seed <= 3; seed++)
        {
            Assert.Equal(Verdict.Healthy, Run(Lines(seed, 2500, share, V7)).Verdict);
        }
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    public void A_bad_release_is_called_regressed_with_the_time_and_the_reason(double share)
    {
        var report = Run(Lines(1, 3000, share, V8));

        var last = report.Changes[^1];
        Assert.Equal((Verdict.Regressed, Verdict.Regressed), (report.Verdict, last.Verdict));
        Assert.InRange(last.Judged, 50, 2500);
        Assert.Contains("than its control", last.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stated_share_finds_a_bad_release_sooner_than_one_that_is_only_guessed()
    {
        var lines = Lines(1, 3000, 0.5, V8);
        Assert.True(Run(lines, new() { Share = 0.5 }).Changes[^1].Judged <= Run(lines).Changes[^1].Judged);
    }

    [Fact]
    public void Slower_answers_are_called_regressed_though_every_outcome_is_as_good()
    {
        var report = Run(Lines(1, 6000, 0.5, V7, slower: 1.2));

        Assert.Equal((Verdict.Regressed, "latency_ms"), (report.Verdict, report.Changes[^1].Monitor));
    }

    [Fact]
    public void An_outage_and_a_slowdown_of_both_arms_are_not_blamed_on_the_release()
    {
        for (var seed = 1; seed <= 2; seed++)
        {
            Assert.NotEqual(Verdict.Regressed, Run(Lines(seed, 6000, 0.1, V7, shared: true)).Verdict);
        }
    }

    [Fact]
    public void A_ratio_of_the_arms_that_was_not_planned_breaks_the_experiment()
    {
        Assert.Equal(Verdict.BrokenExperiment, Run(Lines(1, 3000, 0.6, V7)).Verdict);
        Assert.Equal(Verdict.BrokenExperiment, Run(Lines(1, 3000, 0.1, V7), new() { Share = 0.2 }).Verdict);
    }

    [Fact]
    public void Without_requests_or_with_one_arm_there_is_no_data()
    {
        Assert.Equal(Verdict.NoData, Run([]).Verdict);
        Assert.Equal(Verdict.NoData, Run(Lines(1, 500, 0, V7)).Verdict);
        Assert.Equal(Verdict.NoData, Run(Lines(1, 20, 0.5, V7)).Verdict);
    }

    [Fact]
    public void The_order_of_the_lines_and_lines_told_twice_change_nothing()
    {
        var lines = Lines(3, 2000, 0.1, V8);
        var plain = Run(lines);
        var random = new SplitMix64(5);
        var messy = Run([.. lines.Concat(lines.Where(_ => random.Chance(0.2))).OrderBy(_ => random.Next())]);

        Assert.Equal(plain.Verdict, messy.Verdict);
        Assert.Equal(plain.Changes.Select(c => (c.T, c.Verdict)), messy.Changes.Select(c => (c.T, c.Verdict)));
        Assert.Equal(plain.Requests, messy.Requests);
        Assert.True(messy.Duplicates > 200);
    }

    [Fact]
    public void Lines_that_make_no_sense_are_left_out_and_named_with_their_number()
    {
        var recording = new RecordingReader().Read(
        [
            """{"t":1,"unit":"a","arm":"candidate","outcome":"correct","latency_ms":NaN}""",
            "",
            "oops",
            "[1]",
            """{"unit":"b","arm":"candidate","outcome":"correct"}""",
            """{"t":4,"unit":"c","arm":"purple","outcome":"correct"}""",
            """{"t":"2026-01-31T12:00:00Z","unit":"d","arm":"control","outcome":"Toxic-blocked","share":0.5}""",
            """{"t":5,"unit":"e","arm":"control","outcome":"hallucinated","share":2}""",
            """{"t":6,"unit":"f","arm":"control","outcome":"hallucinated"}""",
        ]);

        Assert.Equal([3, 4, 5, 6, 8], recording.Problems.Select(p => p.Line));
        Assert.Contains("purple", recording.Problems[3].What, StringComparison.Ordinal);
        Assert.Equal([1, 7, 9], recording.Requests.Select(r => r.Line));
        Assert.Equal([Outcome.Correct, Outcome.ToxicBlocked, Outcome.Unlabelled], recording.Requests.Select(r => r.Outcome));
        Assert.Empty(recording.Requests[0].Signals);
        Assert.Contains("hallucinated", Assert.Single(recording.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Users_who_keep_their_arm_count_once()
    {
        var report = Run(Lines(1, 8000, 0.5, V7, users: 900));

        Assert.Equal(("unit", 900), (report.Unit, report.Judged));
        Assert.Equal(Verdict.Healthy, report.Verdict);
        Assert.Equal(Verdict.Regressed, Run(Lines(1, 8000, 0.5, V8, users: 900)).Verdict);
    }

    [Fact]
    public void Users_who_are_sent_back_and_forth_break_the_experiment()
    {
        var random = new SplitMix64(7);
        string[] lines =
        [
            .. Lines(1, 4000, 0.5, V7, users: 400).Select(line => random.Chance(0.01)
                ? line.Replace("candidate", "other", StringComparison.Ordinal).Replace("baseline", "candidate", StringComparison.Ordinal).Replace("other", "baseline", StringComparison.Ordinal)
                : line),
        ];

        Assert.Equal(Verdict.BrokenExperiment, Run(lines).Verdict);
    }

    [Fact]
    public void A_time_before_the_candidate_came_is_history_and_no_broken_experiment()
    {
        string[] before = Lines(1, 1000, 0, V7);
        string[] lines = [.. before, .. Lines(2, 2000, 0.1, V8, from: 1000)];

        var report = Run(lines);
        Assert.Equal(Verdict.Regressed, report.Verdict);
        Assert.InRange(report.Changes[^1].T, 250, 500);
        Assert.InRange(report.Judged, 1900, 2000);
    }

    [Fact]
    public void A_ramp_whose_lines_say_their_share_is_judged_by_its_stages()
    {
        string[] lines = [.. Lines(1, 3000, 0.05, V7, states: true), .. Lines(2, 3000, 0.5, V7, from: 3000, states: true)];
        Assert.Equal(Verdict.Healthy, Run(lines).Verdict);

        var silent = Run([.. Lines(1, 3000, 0.05, V7), .. Lines(2, 3000, 0.5, V7, from: 3000)]);
        Assert.NotEqual(Verdict.BrokenExperiment, silent.Verdict);
        Assert.Contains(silent.Notes, note => note.Contains("'share'", StringComparison.Ordinal));
    }

    private static ReplayReport Run(string[] lines, ReplayOptions? options = null) =>
        Replayer.Run(new RecordingReader().Read(lines), options ?? new());

    private static string[] Lines(
        int seed, int requests, double share, SimulatedRelease release, double slower = 1, bool shared = false, int users = 0, int from = 0,
        bool states = false)
    {
        var random = new SplitMix64((ulong)seed).Split();
        bool[] testedUsers = [.. Enumerable.Range(0, users).Select(_ => random.Chance(share))];
        return
        [
            .. Enumerable.Range(from, requests).Select(i =>
            {
                var user = users > 0 ? (int)(random.Uniform() * users) : i;
                var tested = users > 0 ? testedUsers[user] : random.Chance(share);
                var bad = shared && i > requests * 4 / 10 && i < requests * 6 / 10;
                var law = (bad ? V8 : tested ? release : V7).Outcomes();
                var u = random.Uniform();
                var category = u < law[0] ? "toxic_blocked" : u < law[0] + law[1] ? "schema_blocked" : u < 1 - law[3] ? "wrong" : "correct";
                var latency = random.Wait(TimeSpan.FromMilliseconds(200)).TotalMilliseconds + random.Wait(TimeSpan.FromMilliseconds(200)).TotalMilliseconds
                    + random.Wait(TimeSpan.FromMilliseconds(200)).TotalMilliseconds;
                latency *= (tested ? slower : 1) * (bad ? 2 : 1);
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"t":{{i * 0.25}},"unit":"u{{user}}","arm":"{{(tested ? "candidate" : "baseline")}}","outcome":"{{category}}","latency_ms":{{latency:0.0}}{{(states ? $",\"share\":{share}" : "")}}}""");
            }),
        ];
    }
}
