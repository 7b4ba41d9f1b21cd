using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Evidence;

public class JudgeTests
{
    private const string Alias = "assistant:prod";
    private static readonly EvidenceKey Healthy = new(Alias, 1, 1);
    private static readonly EvidenceKey Canary = new(Alias, 1, 2);
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddDays(20_000);

    private static readonly Release V7 = new(Toxic: 0.002, UnderAttack: 0.6, Schema: 0.001, Accuracy: 0.94);
    private static readonly Release V8 = new(Toxic: 0.09, UnderAttack: 0.6, Schema: 0.14, Accuracy: 0.79);

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    [InlineData(0.95)]
    public void A_bad_release_is_rolled_back(double share)
    {
        var stream = new Stream(seed: 7).Warm();
        var judgement = stream.Run(Canary, share, V8, V7, requests: 6000, until: j => j.Verdict == Verdict.Regressed);
        Assert.Equal(Verdict.Regressed, judgement.Verdict);
        Assert.NotNull(judgement.Offending);
        Assert.True(judgement.ConfirmationLogE >= Math.Log(100));
        var bounds = ContrastBounds.Of(stream.Evidence, Stream.Contrast(Canary, share), stream.Plan);
        Assert.InRange(judgement.Tested.FailureRate, bounds.Tested.FailureRate.Lower, bounds.Tested.FailureRate.Upper);
        Assert.True(bounds.Difference.Lower > -0.2);
        Assert.True(bounds.Difference.Estimate > 0.1);
    }

    [Fact]
    public void A_release_like_the_last_one_becomes_healthy_and_is_never_rolled_back()
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var stream = new Stream(seed).Warm();
            var worst = stream.Run(Canary, 0.1, V7, V7, requests: 4000, until: j => j.Verdict is Verdict.Regressed or Verdict.BrokenExperiment);
            Assert.NotEqual(Verdict.Regressed, worst.Verdict);
            Assert.NotEqual(Verdict.BrokenExperiment, worst.Verdict);
            Assert.Equal(Verdict.Healthy, worst.Verdict);
        }
    }

    [Fact]
    public void What_is_told_of_a_release_caught_before_its_labels_came_rests_on_what_was_seen_of_it()
    {
        var stream = new Stream(seed: 7).Warm();
        var labelled = stream.Run(Canary, 0.5, V7, V7, requests: 20, until: _ => false);
        Assert.Equal(20, labelled.Units);
        stream.AreLabelsLate = true;
        var judgement = stream.Run(Canary, 0.5, V8, V7, requests: 6000, until: j => j.Verdict == Verdict.Regressed);
        Assert.Equal(Verdict.Regressed, judgement.Verdict);
        Assert.Equal(judgement.Groups[(int)EvidenceGroup.Form].Units, judgement.Units);
        Assert.True(judgement.Tested.Units > 20);
        Assert.Equal(20, judgement.Groups[(int)EvidenceGroup.Quality].Units);
    }

    [Fact]
    public void A_bad_release_on_three_replicas_is_rolled_back_and_none_of_them_is_named()
    {
        var stream = new Stream(seed: 37) { Replicas = 3 }.Warm();
        var judgement = stream.Run(Canary, 0.2, V8, V7, requests: 6000, until: j => j.Verdict == Verdict.Regressed);
        Assert.Equal(Verdict.Regressed, judgement.Verdict);
        Assert.Null(judgement.SickReplica);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_sick_replica_is_named_and_its_release_never_blamed(bool promoted)
    {
        for (var seed = 1; seed <= 3; seed++)
        {
            var stream = new Stream(seed) { Replicas = 3, Sick = 2 }.Warm();
            var named = stream.Run(Canary, 0.5, V7, V7, requests: 4000, until: j => j.SickReplica is not null, promoted: promoted);
            Assert.Equal(2, named.SickReplica);
            Assert.Equal(Verdict.Inconclusive, named.Verdict);
            Assert.False(named.OneArmAlarm);
            Assert.StartsWith("replica: number 2 alone", named.Reason, StringComparison.Ordinal);
            var later = stream.Run(Canary, 0.5, V7, V7, requests: 8000, until: j => j.Verdict == Verdict.Regressed, promoted: promoted);
            Assert.Equal(Verdict.Inconclusive, later.Verdict);
        }
    }

    [Fact]
    public void A_sick_replica_that_draws_most_requests_because_it_fails_fast_is_named_all_the_same()
    {
        var stream = new Stream(seed: 41) { Replicas = 3, Sick = 1, DrawnBySick = 0.7 }.Warm();
        var judgement = stream.Run(Canary, 0.2, V7, V7, requests: 20_000, until: j => j.Verdict == Verdict.Regressed);
        Assert.Equal(1, judgement.SickReplica);
        Assert.Equal(Verdict.Inconclusive, judgement.Verdict);
    }

    [Fact]
    public void A_fault_that_hits_both_arms_is_called_shared_and_never_blamed_on_the_release()
    {
        var stream = new Stream(seed: 3).Warm();
        var judgement = stream.Run(Canary, 0.5, V8, V8, requests: 3000, until: j => j.Verdict == Verdict.Regressed);
        Assert.Equal(Verdict.Inconclusive, judgement.Verdict);
        Assert.True(judgement.Shared);
        Assert.StartsWith("shared", judgement.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_promoted_bad_release_raises_a_one_arm_alarm_long_before_its_small_holdback_can_judge_it()
    {
        var stream = new Stream(seed: 5).Warm();
        var judgement = stream.Run(Canary, 0.99, V8, V7, requests: 3000, until: j => j.OneArmAlarm || j.Verdict == Verdict.Regressed, promoted: true);
        Assert.True(judgement.OneArmAlarm);
        Assert.Equal(Verdict.Inconclusive, judgement.Verdict);
        Assert.True(judgement.Units < 200, $"took {judgement.Units} requests");
    }

    [Fact]
    public void A_share_below_plan_freezes_the_decision()
    {
        var stream = new Stream(seed: 11).Warm();
        var judgement = stream.Run(
            Canary, 0.05, V7, V7, requests: 6000, until: j => j.Verdict == Verdict.BrokenExperiment, plannedShare: 0.10);
        Assert.Equal(Verdict.BrokenExperiment, judgement.Verdict);
    }

    [Fact]
    public void Nothing_known_is_no_data_and_old_evidence_is_stale()
    {
        var stream = new Stream(seed: 13).Warm();
        Assert.Equal(Verdict.NoData, stream.Judge(Canary, 0.5, Start).Verdict);
        var fresh = stream.Run(Canary, 0.5, V7, V7, requests: 1000, until: _ => false);
        Assert.Equal(Verdict.Healthy, fresh.Verdict);
        Assert.Equal(Verdict.Stale, stream.Judge(Canary, 0.5, fresh.NewestAt!.Value.AddMinutes(1)).Verdict);
    }

    [Fact]
    public void Evidence_of_one_generation_never_judges_another()
    {
        var stream = new Stream(seed: 17).Warm();
        stream.Run(Canary, 0.5, V8, V7, requests: 2000, until: _ => false);
        var next = Canary with { Generation = 3 };
        Assert.Equal(Verdict.NoData, stream.Judge(next, 0.5, stream.Now).Verdict);
    }

    [Fact]
    public void A_restored_state_gives_the_same_judgement_and_digest()
    {
        var stream = new Stream(seed: 19).Warm();
        var before = stream.Run(Canary, 0.1, V8, V7, requests: 1500, until: _ => false);
        var restored = EvidenceSnapshot.Read(EvidenceSnapshot.Write(stream.Evidence));
        var after = Backstop.Core.Evidence.Judge.Evaluate(restored, Stream.Contrast(Canary, 0.1), stream.Plan, stream.Now);
        Assert.Equal(before.Digest, after.Digest);
        Assert.Equal(before.Groups, after.Groups);
        Assert.Equal(before.Verdict, after.Verdict);
        Assert.Equal(before.ConfirmationLogE, after.ConfirmationLogE);
    }

    [Fact]
    public void A_look_that_goes_on_from_the_last_one_sees_what_a_look_from_the_beginning_sees_bit_for_bit()
    {
        var stream = new Stream(seed: 31).Warm();
        for (var look = 1; look <= 40; look++)
        {
            // Some looks after one bucket, some after many, and one batch that comes late.
            var kept = stream.Run(Canary, 0.3, V7, V7, requests: 4 * (1 + (look * look % 97)), until: _ => false);
            if (look % 5 == 0)
            {
                stream.ComeLate(Canary, bucketsAgo: 40 * look % 300);
                kept = stream.Judge(Canary, 0.3, stream.Now);
            }

            var restored = EvidenceSnapshot.Read(EvidenceSnapshot.Write(stream.Evidence));
            var anew = Backstop.Core.Evidence.Judge.Evaluate(restored, Stream.Contrast(Canary, 0.3), stream.Plan, stream.Now);
            Assert.Equal(anew.Tested.Ceiling, kept.Tested.Ceiling);
            Assert.Equal(anew.Control.Ceiling, kept.Control.Ceiling);
            Assert.Equal(anew.Groups, kept.Groups);
            Assert.Equal(anew.Digest, kept.Digest);
        }
    }

    [Fact]
    public void A_change_of_one_count_changes_the_digest()
    {
        var stream = new Stream(seed: 23).Warm();
        var before = stream.Run(Canary, 0.1, V7, V7, requests: 500, until: _ => false);
        var after = stream.Run(Canary, 0.1, V7, V7, requests: 1, until: _ => false);
        Assert.NotEqual(before.Digest, after.Digest);
    }

    [Fact]
    public void Stages_of_one_rollout_add_up()
    {
        var stream = new Stream(seed: 29).Warm();
        stream.Run(Canary, 0.05, V8, V7, requests: 250, until: _ => false);
        var second = Canary with { Generation = 3 };
        stream.Run(second, 0.2, V8, V7, requests: 60, until: _ => false);
        var both = Backstop.Core.Evidence.Judge.Evaluate(
            stream.Evidence, new([new(Canary, 0.05), new(second, 0.2)], Arm.Candidate, Arm.Baseline), stream.Plan, stream.Now);
        Assert.Equal(310, both.Units);
    }

    private sealed record Release(double Toxic, double UnderAttack, double Schema, double Accuracy)
    {
        public Outcome Answer(Random random, bool attack)
        {
            if (random.NextDouble() < Toxic + (attack ? UnderAttack : 0))
            {
                return Outcome.ToxicBlocked;
            }

            return random.NextDouble() < Schema ? Outcome.SchemaBlocked
                : random.NextDouble() < Accuracy ? Outcome.Correct : Outcome.Wrong;
        }
    }

    /// <summary>Four requests per bucket through one gateway, judged after every bucket.</summary>
    private sealed class Stream(int seed)
    {
        private readonly Random _random = new(seed);
        private long _bucket = EpochCounts.BucketOf(Start);
        private long _sequence;

        public AliasEvidence Evidence { get; } = new(Alias);

        public EvidencePlan Plan { get; } = new();

        /// <summary>Replicas of the tested arm; 1 is not told apart.</summary>
        public int Replicas { get; init; } = 1;

        /// <summary>The number of the tested arm's replica that answers as v8 does.</summary>
        public int? Sick { get; init; }

        /// <summary>The part of the tested arm's requests that the sick replica draws; its even part when null.</summary>
        public double? DrawnBySick { get; init; }

        public DateTimeOffset Now => EpochCounts.StartOf(_bucket);

        public static Contrast Contrast(EvidenceKey key, double share, bool promoted = false) =>
            new([new(key, share)], promoted ? Arm.Baseline : Arm.Candidate, promoted ? Arm.Holdback : Arm.Baseline);

        /// <summary>Whether only what is known when an answer ends is told.</summary>
        public bool AreLabelsLate { get; set; }

        public Stream Warm()
        {
            for (var i = 0; i < 2000; i++)
            {
                Bucket(Healthy, 0, V7, V7, promoted: false);
            }

            Evidence.Begin(Canary);
            return this;
        }

        public Judgement Judge(EvidenceKey key, double share, DateTimeOffset now, bool promoted = false) =>
            Core.Evidence.Judge.Evaluate(Evidence, Contrast(key, share, promoted), Plan, now);

        public Judgement Run(
            EvidenceKey key, double share, Release tested, Release control, int requests, Func<Judgement, bool> until,
            double? plannedShare = null, bool promoted = false)
        {
            for (var sent = 0; ; sent += 4)
            {
                Bucket(key, share, tested, control, promoted, Math.Min(4, requests - sent));
                var judgement = Judge(key, plannedShare ?? share, Now, promoted);
                if (until(judgement) || sent + 4 >= requests)
                {
                    return judgement;
                }
            }
        }

        public void ComeLate(EvidenceKey key, int bucketsAgo)
        {
            var now = _bucket;
            _bucket -= bucketsAgo;
            Bucket(key, 0.5, V8, V7, promoted: false);
            _bucket = now;
        }

        private int Replica()
        {
            if (DrawnBySick is not { } part)
            {
                return 1 + _random.Next(Replicas);
            }

            var other = 1 + _random.Next(Replicas - 1);
            return _random.NextDouble() < part ? Sick!.Value : other >= Sick ? other + 1 : other;
        }

        private void Bucket(EvidenceKey key, double share, Release tested, Release control, bool promoted, int requests = 4)
        {
            var cells = ImmutableArray.CreateBuilder<CountCell>();
            for (var i = 0; i < requests; i++)
            {
                var attack = _random.NextDouble() < 0.05;
                var onTested = _random.NextDouble() < share;
                var outcomes = new long[9];
                var replica = onTested && Replicas > 1 ? Replica() : 0;
                outcomes[(int)(!onTested ? control : replica > 0 && replica == Sick ? V8 : tested).Answer(_random, attack)]++;
                var arm = onTested == promoted ? Arm.Baseline : promoted ? Arm.Holdback : Arm.Candidate;
                cells.Add(new(arm, attack ? 1 : 0, [.. outcomes], [], replica));
            }

            var form = new EpochCounts(key, _bucket, EvidenceGroup.Form, cells.ToImmutable());
            Evidence.Merge(new("gateway-1", "start", _sequence++, AreLabelsLate ? [form] : [form, form with { Group = EvidenceGroup.Quality }]));
            _bucket++;
        }
    }
}
