using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using CsCheck;

namespace Backstop.Core.Tests.Evidence;

public class LatencyTests
{
    private const string Alias = "assistant:prod";
    private static readonly EvidenceKey Before = new(Alias, 1, 1);
    private static readonly EvidenceKey Canary = new(Alias, 1, 2);

    [Fact]
    public void A_latency_is_known_to_four_and_a_half_percent() =>
        Gen.Double[1.0001, 1_000_000].Sample(milliseconds =>
        {
            var counts = new LatencyCounts();
            counts.Add(LatencyCounts.BinOf(TimeSpan.FromMilliseconds(milliseconds)), 1);
            Assert.InRange(counts.MillisecondsAt(0.5)!.Value / milliseconds, 1 / 1.045, 1.045);
        });

    [Fact]
    public void What_never_came_has_no_latency_and_is_above_all_others()
    {
        var counts = new LatencyCounts();
        counts.Add(LatencyCounts.BinOf(TimeSpan.FromDays(1)), 98);
        counts.Add(LatencyCounts.Never, 2);
        Assert.NotNull(counts.MillisecondsAt(0.95));
        Assert.Null(counts.MillisecondsAt(0.99));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.04, 1)]
    [InlineData(0.10, 3)]
    [InlineData(1, 16)]
    public void A_margin_is_rounded_up_to_whole_bins(double margin, int bins) => Assert.Equal(bins, LatencyCounts.BinsOf(margin));

    [Fact]
    public void A_table_with_a_margin_for_what_never_came_cannot_gain_on_the_null() =>
        Gen.Select(Gen.Double[0.01, 0.99], Gen.Double[0.001, 1].Array[12], Gen.Double[0, 0.05]).Sample((share, weights, margin) =>
        {
            var sum = weights.Sum();
            var table = new HistogramTable(share, [.. weights.Select(w => w / sum)], margin);
            Assert.InRange(table.MaxNullExpectation(), 0.5, 1 + 1e-12);
        });

    [Fact]
    public void A_release_a_tenth_slower_is_found_within_one_and_a_half_times_the_bound()
    {
        const double bound = 2197; // log(1000) / mutual information of arm and latency, lognormal with sigma 0.6, half and half.
        var plan = new EvidencePlan { Alpha = 1e-3 / 0.9, LatencyMargin = 0, LatencyShare = 0.9, FormShare = 0.05 }.Strict();
        var mean = Enumerable.Range(1, 60).Average(seed => new Stream(seed, plan).Warm().Run(j => j.Verdict == Verdict.Regressed, share: 0.5, slowdown: 1.1, most: 20_000));
        Assert.InRange(mean, 1000, 1.5 * bound);
    }

    [Fact]
    public void A_slowdown_of_both_arms_is_never_blamed_on_the_release()
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var stream = new Stream(seed, new() { LatencyMargin = 0 }).Warm();
            stream.Run(_ => false, share: 0.2, slowdown: 1, most: 2000);
            stream.Run(_ => false, share: 0.2, slowdown: 1, most: 4000, shared: 2);
            Assert.Equal(Verdict.Healthy, stream.Last.Verdict);
            Assert.True(stream.Last.Latency!.LogE < Math.Log(100));
        }
    }

    [Fact]
    public void Slower_only_if_the_planned_share_is_true_is_not_confirmed()
    {
        // Three tenths are drawn where half was planned, and the test that would say so is switched off.
        var stream = new Stream(8, new() { LatencyMargin = 0, AssignmentAlpha = 1e-300 }) { Planned = 0.5 }.Warm();
        stream.Run(j => j.Latency is { Crossed: true }, share: 0.3, slowdown: 1, most: 20_000);
        Assert.True(stream.Last.Latency!.Crossed);
        Assert.True(stream.Last.Latency.ConfirmationLogE < Math.Log(100));
        Assert.Equal(Verdict.Inconclusive, stream.Last.Verdict);

        var slow = new Stream(9, new() { LatencyMargin = 0.05 }).Warm();
        slow.Run(j => j.Verdict == Verdict.Regressed, share: 0.3, slowdown: 1.3, most: 20_000);
        Assert.Equal(Verdict.Regressed, slow.Last.Verdict);
        Assert.True(slow.Last.Latency!.ConfirmationLogE >= Math.Log(100));
    }

    [Fact]
    public void A_release_that_is_slower_within_the_margin_stays()
    {
        var stream = new Stream(3, new() { LatencyMargin = 0.25 }).Warm();
        stream.Run(j => j.Verdict == Verdict.Regressed, share: 0.5, slowdown: 1.2, most: 20_000);
        Assert.Equal(Verdict.Healthy, stream.Last.Verdict);
        Assert.InRange(stream.Last.Latency!.Tested.P50!.Value / stream.Last.Latency.Control.P50!.Value, 1.1, 1.3);
    }

    [Fact]
    public void Latency_is_shown_and_not_judged_unless_the_plan_says_so()
    {
        var stream = new Stream(4, new()).Warm();
        stream.Run(j => j.Verdict == Verdict.Regressed, share: 0.5, slowdown: 3, most: 5000);
        Assert.Equal(Verdict.Healthy, stream.Last.Verdict);
        Assert.Null(stream.Last.Latency!.LogThreshold);
    }

    [Fact]
    public void One_slow_replica_is_named_and_its_release_stays()
    {
        var stream = new Stream(5, new() { LatencyMargin = 0.1 }) { SlowReplica = 2 }.Warm();
        stream.Run(j => j.SickReplica is not null, share: 0.5, slowdown: 1, most: 10_000);
        Assert.Equal(2, stream.Last.SickReplica);
        Assert.Equal(Verdict.Inconclusive, stream.Last.Verdict);
        stream.Run(j => j.Verdict == Verdict.Regressed, share: 0.5, slowdown: 1, most: 10_000);
        Assert.StartsWith("replica: number 2 alone is slower", stream.Last.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restored_state_gives_the_same_latencies_evidence_and_digest()
    {
        var stream = new Stream(6, new() { LatencyMargin = 0.1 }) { SlowReplica = 1 }.Warm();
        stream.Run(_ => false, share: 0.5, slowdown: 1, most: 3000);
        var restored = Judge.Evaluate(
            EvidenceSnapshot.Read(EvidenceSnapshot.Write(stream.Evidence)), Stream.Contrast(0.5), stream.Plan, stream.Now);
        Assert.Equal(stream.Last.Latency, restored.Latency);
        Assert.Equal(stream.Last.Digest, restored.Digest);
    }

    [Fact]
    public void A_failure_is_slow_however_fast_it_came()
    {
        var ledger = new EpochLedger(TimeSpan.FromSeconds(10));
        var at = DateTimeOffset.UnixEpoch;
        ledger.Assign(Before, Arm.Baseline, at, TimeSpan.Zero).Answered(false, Outcome.Error, Served.Failed, 0, TimeSpan.FromMilliseconds(3));
        ledger.Assign(Before, Arm.Baseline, at, TimeSpan.Zero).Answered(false, Outcome.Unlabelled, Served.Unlabelled, 0, TimeSpan.FromMilliseconds(3));
        var cell = Assert.Single(ledger.Collect(at.AddSeconds(1)).Single(e => e.Group == EvidenceGroup.Form).Latencies);
        Assert.Equal([LatencyCounts.BinOf(TimeSpan.FromMilliseconds(3)), LatencyCounts.Never], cell.Bins);
        Assert.Equal([1L, 1L], cell.Counts);
    }

    /// <summary>Twenty good answers a bucket, judged after each; latencies are lognormal.</summary>
    private sealed class Stream(int seed, EvidencePlan plan)
    {
        private const int PerBucket = 20;
        private readonly Random _random = new(seed);
        private long _bucket = EpochCounts.BucketOf(DateTimeOffset.UnixEpoch.AddDays(20_000));
        private long _sequence;

        public EvidencePlan Plan => plan;

        public AliasEvidence Evidence { get; } = new(Alias);

        public Judgement Last { get; private set; } = null!;

        public DateTimeOffset Now => EpochCounts.StartOf(_bucket);

        /// <summary>Of three replicas of the candidate, the one that takes three times as long; null when there is a single one.</summary>
        public int? SlowReplica { get; init; }

        /// <summary>The planned share of the candidate, where it is not the one that is drawn.</summary>
        public double? Planned { get; init; }

        public static Contrast Contrast(double share) => new([new(Canary, share)], Arm.Candidate, Arm.Baseline);

        public Stream Warm()
        {
            for (var i = 0; i < 500; i++)
            {
                Bucket(Before, share: 0, slowdown: 1, shared: 1);
            }

            Evidence.Begin(Canary, plan.LatencyMargin);
            return this;
        }

        /// <summary>How many requests it took, or the most.</summary>
        public int Run(Func<Judgement, bool> until, double share, double slowdown, int most, double shared = 1)
        {
            for (var sent = PerBucket; ; sent += PerBucket)
            {
                Bucket(Canary, share, slowdown, shared);
                Last = Judge.Evaluate(Evidence, Contrast(Planned ?? share), plan, Now);
                if (until(Last) || sent >= most)
                {
                    return sent;
                }
            }
        }

        private void Bucket(EvidenceKey key, double share, double slowdown, double shared)
        {
            var cells = new List<CountCell>();
            var latencies = new List<LatencyCell>();
            for (var i = 0; i < PerBucket; i++)
            {
                var tested = _random.NextDouble() < share;
                var replica = tested && SlowReplica is not null ? 1 + _random.Next(3) : 0;
                var factor = shared * (tested ? slowdown : 1) * (replica > 0 && replica == SlowReplica ? 3 : 1);
                var normal = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
                var bin = LatencyCounts.BinOf(TimeSpan.FromMilliseconds(800 * Math.Exp(0.6 * normal) * factor));
                var arm = tested ? Arm.Candidate : Arm.Baseline;
                cells.Add(new(arm, 0, [1, 0, 0, 0, 0, 0, 0, 0, 0], [], replica));
                latencies.Add(new(arm, replica, [bin], [1]));
            }

            Evidence.Merge(new("gateway-1", "start", _sequence++,
            [
                new(key, _bucket, EvidenceGroup.Form, [.. cells]) { Latencies = [.. latencies] },
                new(key, _bucket, EvidenceGroup.Quality, [.. cells]),
            ]));
            _bucket++;
        }
    }
}
