using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;
using CsCheck;

namespace Backstop.Core.Tests.Evidence;

public class ScoreTests
{
    private static readonly EvidenceKey Before = new("assistant:prod", 1, 1);
    private static readonly EvidenceKey Canary = new("assistant:prod", 1, 2);
    private static readonly ScoreRule Helpful = new("helpful", 0, 1, LowerIsWorse: true, Margin: 0.02);

    [Fact]
    public void A_mean_is_exact_though_each_score_is_rounded()
    {
        var random = new Random(1);
        Gen.Double[0, 1].Sample(
            badness =>
            {
                var counts = new ScoreCounts();
                for (var i = 0; i < 20_000; i++)
                {
                    counts.Add(ScoreCounts.StepOf(badness, random.NextDouble()), 1);
                }

                Assert.InRange(counts.Mean!.Value, badness - 0.0005, badness + 0.0005);
            },
            iter: 20, threads: 1, seed: "0000KOIPe9U3");
    }

    [Fact]
    public void A_value_and_how_bad_it_is_are_two_ways_to_say_the_same() =>
        Gen.Select(Gen.Double[-1000, 1000], Gen.Double[0.1, 1000], Gen.Bool, Gen.Double[0, 1]).Sample((least, width, lower, part) =>
        {
            var rule = new ScoreRule("x", least, least + width, lower, null);
            var value = least + (part * width);
            Assert.Equal(value, rule.ValueOf(rule.BadnessOf(value)), 1e-6);
            Assert.True(rule.BadnessOf(lower ? least : least + width) == 1 && rule.BadnessOf(lower ? least + width : least) == 0);
        });

    [Fact]
    public void A_table_that_could_gain_on_the_null_is_not_built() =>
        Gen.Select(Gen.Double[0.005, 0.995], Gen.Double[0, 1], Gen.Double[0, 0.5]).Sample((share, centre, margin) =>
            Assert.Equal(6, new ScoreTable(share, centre, margin).Increments.Components)); // The constructor checks.

    [Fact]
    public void Counts_and_single_scores_give_the_same_evidence() =>
        Gen.Select(Gen.Double[0.05, 0.95], Gen.Double[0.1, 0.9], Gen.Select(Gen.Bool, Gen.Int[0, 63]).Array[0, 60]).Sample((share, centre, seen) =>
        {
            var test = new BoundedScoreTest(share, centre, 0.01);
            var counts = new long[2 * ScoreCounts.Steps];
            foreach (var (tested, step) in seen)
            {
                test.Add(tested, ScoreCounts.BadnessOf(step));
                counts[(tested ? ScoreCounts.Steps : 0) + step]++;
            }

            Assert.Equal(test.LogE, new ScoreTable(share, centre, 0.01).Increments.LogE(counts), 1e-9);
        });

    [Fact]
    public void A_release_that_is_scored_worse_is_rolled_back_and_named_by_its_score()
    {
        var stream = new Stream(1, Helpful);
        stream.Run(0.3, tested: 0.6, control: 0.8, most: 20_000);
        Assert.Equal(Verdict.Regressed, stream.Last.Verdict);
        Assert.StartsWith("scored worse than its control by more than the margin: helpful 0.", stream.Last.Reason, StringComparison.Ordinal);
        Assert.InRange(stream.Last.Scores[0].Tested.Mean!.Value, 0.5, 0.7);
    }

    [Theory]
    [InlineData(0.79)]
    [InlineData(0.8)]
    [InlineData(0.95)]
    public void A_release_within_the_margin_stays(double tested)
    {
        var stream = new Stream(2, Helpful);
        stream.Run(0.3, tested, control: 0.8, most: 30_000);
        Assert.Equal(Verdict.Healthy, stream.Last.Verdict);
    }

    [Fact]
    public void A_score_without_a_margin_is_shown_and_never_judged()
    {
        var stream = new Stream(3, Helpful with { Margin = null });
        stream.Run(0.3, tested: 0.2, control: 0.8, most: 10_000);
        Assert.Equal(Verdict.Healthy, stream.Last.Verdict);
        Assert.Null(stream.Last.Scores[0].LogThreshold);
    }

    [Fact]
    public void Nothing_is_concluded_where_one_arm_is_scored_more_often_than_planned()
    {
        var stream = new Stream(4, Helpful) { ScoredOfTested = 0.3 };
        stream.Run(0.3, tested: 0.6, control: 0.8, most: 20_000);
        Assert.True(stream.Last.Scores[0].IsUneven);
        Assert.NotEqual(Verdict.Regressed, stream.Last.Verdict);
    }

    [Fact]
    public void A_judge_who_looks_at_a_sample_of_each_arm_of_its_own_size_finds_the_same()
    {
        // All of a small holdback and a tenth of the rest: the shares are the plan's, so the comparison is fair.
        var stream = new Stream(5, Helpful with { Scored = new(1, 0.1, 1) }) { ScoredOfTested = 0.1 };
        stream.Run(0.9, tested: 0.8, control: 0.8, most: 20_000);
        Assert.Equal((Verdict.Healthy, false), (stream.Last.Verdict, stream.Last.Scores[0].IsUneven));
        stream.Run(0.9, tested: 0.5, control: 0.8, most: 20_000);
        Assert.Equal(Verdict.Regressed, stream.Last.Verdict);
    }

    [Fact]
    public void Each_stage_is_judged_in_the_shares_in_which_its_answers_were_drawn_for_the_judge()
    {
        // A tenth of the requests are the candidate's. A tenth of the answers are judged, and later all of the candidate's.
        var (rule, later) = (Helpful with { Scored = new(0.1, 0.1, 0.1) }, new EvidenceKey(Canary.Alias, 1, 3));
        var evidence = new AliasEvidence(Canary.Alias);
        evidence.Begin(Canary);
        Scores(evidence, Canary, tested: 10, control: 90);
        evidence.Begin(later);
        Scores(evidence, later, tested: 100, control: 90);
        Judgement At(params System.Collections.Immutable.ImmutableArray<ScoreSignal> signals) => Judge.Evaluate(
            evidence, new([new(Canary, 0.1), new(later, 0.1) { Signals = signals }], Arm.Candidate, Arm.Baseline), new() { Scores = [rule] }, DateTimeOffset.UnixEpoch.AddDays(1));

        var told = At(new ScoreSignal(rule with { Scored = new(0.1, 1, 0.1) }, From: null, Judge: null));
        Assert.False(told.Scores[0].IsUneven);
        Assert.Equal((110, 100, 90), (told.Scores[0].Tested.Units, told.Scores[0].Lately!.Tested.Units, told.Scores[0].Lately!.Control.Units));
        Assert.True(At([]).Scores[0].IsUneven);
        Assert.NotEqual(At([]).Digest, told.Digest);
    }

    [Fact]
    public void One_replica_that_is_scored_badly_is_named_and_its_release_stays()
    {
        var stream = new Stream(6, Helpful) { BadReplica = 2 };
        stream.Run(0.5, tested: 0.8, control: 0.8, most: 20_000);
        Assert.Equal((Verdict.Inconclusive, 2), (stream.Last.Verdict, stream.Last.SickReplica));
        Assert.StartsWith("replica: number 2 alone is scored worse (helpful", stream.Last.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_false_rollback_is_rarer_than_alpha()
    {
        // A fifth of alpha is the score's; the looks are after every bucket.
        var plan = new EvidencePlan { Alpha = 0.25, Scores = [Helpful with { Margin = 0 }] };
        var wrong = Enumerable.Range(0, 300).Count(seed => new Stream(1000 + seed, plan.Scores[0], plan).Run(0.2, 0.8, 0.8, most: 2000));
        Assert.InRange(wrong, 0, 300 / 20 * 2); // 0.05 is allowed; twice that would be luck of one in a million.
    }

    [Fact]
    public void A_restored_state_gives_the_same_scores_evidence_and_digest()
    {
        var stream = new Stream(7, Helpful) { BadReplica = 1 };
        stream.Run(0.5, tested: 0.8, control: 0.8, most: 3000, until: _ => false);
        var restored = Judge.Evaluate(EvidenceSnapshot.Read(EvidenceSnapshot.Write(stream.Evidence)), Stream.Contrast(0.5), stream.Plan, stream.Now);
        Assert.Equal(stream.Last.Scores, restored.Scores);
        Assert.Equal(stream.Last.Digest, restored.Digest);
    }

    [Fact]
    public void A_score_counts_until_the_label_deadline_and_is_shipped_when_it_passed()
    {
        var (ledger, at) = (new EpochLedger(TimeSpan.FromSeconds(10)), DateTimeOffset.UnixEpoch.AddDays(1));
        var (one, late) = (new EpochLedger.Ticket(), new EpochLedger.Ticket());
        ledger.Assign(one, Canary, Arm.Candidate, at, TimeSpan.FromSeconds(30), awaitsScores: true);
        ledger.Assign(late, Canary, Arm.Candidate, at, TimeSpan.FromSeconds(30), awaitsScores: true);
        Assert.False(one.Scored("helpful", 5)); // There is no answer yet.
        one.Answered(false, Outcome.Unlabelled, Served.Unlabelled, replica: 3);
        late.Answered(false, Outcome.Unlabelled, Served.Unlabelled);
        Assert.Equal([EvidenceGroup.Form], ledger.Collect(at.AddSeconds(1)).Select(e => e.Group));
        Assert.True(one.Labelled(correct: true) && late.Labelled(correct: true));
        Assert.Equal([EvidenceGroup.Quality], ledger.Collect(at.AddSeconds(2)).Select(e => e.Group));
        Assert.True(one.Scored("helpful", 5));
        Assert.Empty(ledger.Collect(at.AddSeconds(20)));

        var shipped = Assert.Single(ledger.Collect(at.AddSeconds(40)));
        Assert.Empty(shipped.Cells);
        var cell = Assert.Single(shipped.Scores);
        Assert.Equal(("helpful", Arm.Candidate, 3), (cell.Name, cell.Arm, cell.Replica));
        Assert.Equal([5L, 1L], cell.Steps);
        Assert.False(late.Scored("helpful", 5));
    }

    private static void Scores(AliasEvidence evidence, EvidenceKey stage, long tested, long control)
    {
        var bucket = EpochCounts.BucketOf(DateTimeOffset.UnixEpoch.AddDays(1)) + stage.Generation;
        evidence.Merge(new("gateway-1", "start", stage.Generation,
        [
            new(stage, bucket, EvidenceGroup.Quality, [new(Arm.Candidate, 0, [100, 0, 0, 0, 0, 0, 0, 0, 0], []), new(Arm.Baseline, 0, [900, 0, 0, 0, 0, 0, 0, 0, 0], [])])
            {
                Scores = [new(Helpful.Name, Arm.Candidate, 0, [10, tested]), new(Helpful.Name, Arm.Baseline, 0, [10, control])],
            },
        ]));
    }

    /// <summary>Twenty good answers a bucket, scored around a mean and judged after each bucket.</summary>
    private sealed class Stream
    {
        private const int PerBucket = 20;
        private readonly Random _random;
        private readonly ScoreRule _rule;
        private long _bucket = EpochCounts.BucketOf(DateTimeOffset.UnixEpoch.AddDays(20_000));
        private long _sequence;

        public Stream(int seed, ScoreRule rule, EvidencePlan? plan = null)
        {
            (_random, _rule) = (new(seed), rule);
            Plan = plan ?? new() { Scores = [rule] };
            for (var i = 0; i < 50; i++)
            {
                Bucket(Before, share: 0, 0, 0.8);
            }

            Evidence.Begin(Canary);
        }

        public EvidencePlan Plan { get; }

        public AliasEvidence Evidence { get; } = new(Canary.Alias);

        public Judgement Last { get; private set; } = null!;

        public DateTimeOffset Now => EpochCounts.StartOf(_bucket);

        public double ScoredOfTested { get; init; } = 1;

        /// <summary>Of three replicas of the candidate, the one whose answers are bad.</summary>
        public int? BadReplica { get; init; }

        public static Contrast Contrast(double share) => new([new(Canary, share)], Arm.Candidate, Arm.Baseline);

        /// <summary>Whether the release was rolled back.</summary>
        public bool Run(double share, double tested, double control, int most, Func<Judgement, bool>? until = null)
        {
            for (var sent = 0; sent < most; sent += PerBucket)
            {
                Bucket(Canary, share, tested, control);
                Last = Judge.Evaluate(Evidence, Contrast(share), Plan, Now);
                if ((until ?? (j => j.Verdict == Verdict.Regressed || j.SickReplica is not null))(Last))
                {
                    break;
                }
            }

            return Last.Verdict == Verdict.Regressed;
        }

        private void Bucket(EvidenceKey key, double share, double tested, double control)
        {
            var (cells, scores) = (new List<CountCell>(), new List<ScoreCell>());
            for (var i = 0; i < PerBucket; i++)
            {
                var isTested = _random.NextDouble() < share;
                var replica = isTested && BadReplica is not null ? 1 + _random.Next(3) : 0;
                var arm = isTested ? Arm.Candidate : Arm.Baseline;
                cells.Add(new(arm, 0, [1, 0, 0, 0, 0, 0, 0, 0, 0], [], replica));
                if (!isTested || _random.NextDouble() < ScoredOfTested)
                {
                    var mean = replica > 0 && replica == BadReplica ? 0.2 : isTested ? tested : control;
                    var value = Math.Clamp(mean + (0.4 * (_random.NextDouble() - 0.5)), 0, 1);
                    scores.Add(new(_rule.Name, arm, replica, [ScoreCounts.StepOf(_rule.BadnessOf(value), _random.NextDouble()), 1]));
                }
            }

            Evidence.Merge(new("gateway-1", "start", _sequence++,
            [
                new(key, _bucket, EvidenceGroup.Form, [.. cells]),
                new(key, _bucket, EvidenceGroup.Quality, [.. cells]),
                new(key, _bucket, EvidenceGroup.Quality, []) { Scores = [.. scores] },
            ]));
            _bucket++;
        }
    }
}
