using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Evidence;

/// <summary>What is shown beside a rate holds at all times at once.</summary>
public class BoundsTests
{
    private const string Alias = "assistant:prod";

    [Fact]
    public void The_bounds_of_a_rate_match_the_reference()
    {
        foreach (var c in Vectors.Get("confseq_cpp_17_digits").GetProperty("bernoulli_ci").EnumerateArray())
        {
            var bounds = ConfidenceSequence.OfMean(
                c.GetProperty("successes").GetInt64(), c.GetProperty("trials").GetInt64(), c.GetProperty("alpha").GetDouble(), c.GetProperty("t_opt").GetDouble());
            Assert.Equal(c.GetProperty("lower").GetDouble(), bounds.Lower, Vectors.Tolerance);
            Assert.Equal(c.GetProperty("upper").GetDouble(), bounds.Upper, Vectors.Tolerance);
        }
    }

    [Theory]
    [InlineData(0, 0, 0, 1)]
    [InlineData(1, 2, 0, 1)]
    [InlineData(0, 100_000, 0, 0.0002)]
    [InlineData(100_000, 100_000, 0.9998, 1)]
    public void Bounds_are_probabilities_however_little_is_known(long hits, long all, double atLeast, double atMost)
    {
        var bounds = ConfidenceSequence.OfMean(hits, all);
        Assert.InRange(bounds.Lower, atLeast, bounds.Upper);
        Assert.InRange(bounds.Upper, bounds.Lower, atMost);
    }

    [Fact]
    public void The_truth_is_hardly_ever_left_out_though_one_looks_again_and_again()
    {
        const int runs = 150, requests = 3000;
        const double rate = 0.09;
        var (rateMissed, medianMissed, differenceMissed) = (0, 0, 0);
        for (var seed = 0; seed < runs; seed++)
        {
            var luck = new Random(seed);
            var (stream, latencies, failed) = (new Stream(0.3), new LatencyCounts(), 0);
            var (missedRate, missedMedian, missedDifference) = (false, false, false);
            for (var n = 1; n <= requests; n++)
            {
                // The base rate of both arms moves; their difference does not.
                failed += luck.NextDouble() < rate ? 1 : 0;
                latencies.Add(luck.NextDouble() < 0.5 ? 100 - luck.Next(3) : 101 + luck.Next(3), 1);
                var tested = luck.NextDouble() < 0.3;
                stream.Count(tested, luck.NextDouble() < (n % 1000 < 500 ? 0.05 : 0.35) + (tested ? 0.05 : 0));
                if (n % 250 != 0)
                {
                    continue;
                }

                var bounds = ConfidenceSequence.OfMean(failed, n);
                missedRate |= rate < bounds.Lower || rate > bounds.Upper;
                var (least, most) = ConfidenceSequence.BelowQuantile(0.5, n);
                missedMedian |= latencies.BinOfRank(least) > 100 || (most < n && latencies.BinOfRank(most + 1) < 100);
                var difference = stream.Bounds.Difference;
                missedDifference |= difference.Lower > 0.05 || difference.Upper < 0.05;
            }

            (rateMissed, medianMissed, differenceMissed) =
                (rateMissed + (missedRate ? 1 : 0), medianMissed + (missedMedian ? 1 : 0), differenceMissed + (missedDifference ? 1 : 0));
        }

        // 5 % at most; with three standard errors of so many runs, a tenth.
        Assert.InRange(rateMissed, 0, 15);
        Assert.InRange(medianMissed, 0, 15);
        Assert.InRange(differenceMissed, 0, 15);
    }

    [Fact]
    public void A_ramp_over_a_base_rate_that_moves_shows_no_difference()
    {
        var stream = new Stream(0.01, 0.5);
        var luck = new Random(5);
        for (var n = 0; n < 20_000; n++)
        {
            var late = n >= 10_000;
            var tested = luck.NextDouble() < (late ? 0.5 : 0.01);
            stream.Count(tested, luck.NextDouble() < (late ? 0.30 : 0.05), stage: late ? 1 : 0);
        }

        // Pooled, the tested arm fails far more often: nearly all of it was there when both did.
        var (tested30, control) = (stream.Bounds.Tested.FailureRate, stream.Bounds.Control.FailureRate);
        Assert.True(tested30.Lower > control.Upper + 0.1);
        Assert.InRange(stream.Bounds.Difference.Estimate, -0.03, 0.03);
        Assert.InRange(0, stream.Bounds.Difference.Lower, stream.Bounds.Difference.Upper);
        Assert.InRange(stream.Bounds.Difference.Upper - stream.Bounds.Difference.Lower, 0.01, 0.15);
    }

    [Fact]
    public void A_difference_is_known_the_better_the_more_was_seen()
    {
        var stream = new Stream(0.5);
        var luck = new Random(3);
        var widths = new List<double>();
        for (var n = 1; n <= 40_000; n++)
        {
            var tested = luck.NextDouble() < 0.5;
            stream.Count(tested, luck.NextDouble() < (tested ? 0.12 : 0.08));
            if (n is 1 or 400 or 4000 or 40_000)
            {
                var difference = stream.Bounds.Difference;
                Assert.InRange(difference.Estimate, difference.Lower, difference.Upper);
                widths.Add(difference.Upper - difference.Lower);
            }
        }

        Assert.Equal(widths.OrderDescending(), widths);
        Assert.True(stream.Bounds.Difference.Lower > 0.02 && stream.Bounds.Difference.Upper < 0.06);
    }

    [Fact]
    public void Latencies_and_scores_have_bounds_too()
    {
        var rule = new ScoreRule("helpful", 1, 5, LowerIsWorse: true, Margin: null);
        var evidence = new AliasEvidence(Alias);
        var key = new EvidenceKey(Alias, 1, 1);
        var bin = LatencyCounts.BinOf(TimeSpan.FromMilliseconds(200));
        evidence.Merge(new("g", "s", 1, [
            new(key, 1, EvidenceGroup.Form, []) { Latencies = [new(Arm.Baseline, 0, [bin, bin + 16, LatencyCounts.Never], [900, 80, 20])] },
            new(key, 1, EvidenceGroup.Quality, []) { Scores = [new("helpful", Arm.Baseline, 0, [0, 500, ScoreCounts.Steps - 1, 500])] },
        ]));
        var bounds = ContrastBounds.Of(evidence, new([new(key, 0.5)], Arm.Candidate, Arm.Baseline), new() { Scores = [rule] });
        var latency = bounds.Control.Latency!;
        Assert.InRange(200, latency.P50.Lower!.Value, latency.P50.Upper!.Value);
        Assert.InRange(latency.P50.Upper!.Value / latency.P50.Lower!.Value, 1, 1.05);
        Assert.InRange(400, latency.P95.Lower!.Value, latency.P95.Upper!.Value);
        Assert.Null(latency.P99.Upper);
        Assert.InRange(3, bounds.Control.Scores[0]!.Value.Lower, bounds.Control.Scores[0]!.Value.Upper);
        Assert.Null(bounds.Tested.Latency);
        Assert.Null(bounds.Tested.Scores[0]);
        Assert.Equal(new Bounds(0, 1), bounds.Tested.FailureRate);
    }

    /// <summary>A candidate and its baseline, with one stage for each share.</summary>
    private sealed class Stream
    {
        private readonly AliasEvidence _evidence = new(Alias);
        private readonly EvidencePlan _plan = new();
        private readonly Contrast _contrast;
        private long _sequence;

        public Stream(params IEnumerable<double> shares)
        {
            _contrast = new([.. shares.Select((share, i) => new ContrastStage(new(Alias, 1, i), share))], Arm.Candidate, Arm.Baseline);
            foreach (var stage in _contrast.Stages)
            {
                _evidence.Begin(stage.Key);
            }
        }

        public ContrastBounds Bounds => ContrastBounds.Of(_evidence, _contrast, _plan);

        public void Count(bool tested, bool failed, int stage = 0)
        {
            var outcomes = new long[9];
            outcomes[(int)(failed ? Outcome.Wrong : Outcome.Correct)] = 1;
            _evidence.Merge(new("g", "s", _sequence++, [
                new(new(Alias, 1, stage), _sequence, EvidenceGroup.Quality, [new(tested ? Arm.Candidate : Arm.Baseline, 0, [.. outcomes], [])]),
            ]));
        }
    }
}
