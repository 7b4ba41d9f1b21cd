using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using CsCheck;

namespace Backstop.Core.Tests.Evidence;

public class AliasEvidenceTests
{
    private const string Alias = "assistant:prod";

    private static readonly Gen<CountCell> Cells =
        Gen.Select(Gen.Enum<Arm>(), Gen.Int[0, 1], Gen.Long[0, 50].Array[9], Gen.Long[0, 50].Array[6], Gen.Int[0, ReplicaTest.Most],
            (arm, stratum, outcomes, served, replica) => new CountCell(arm, stratum, [.. outcomes], [.. served], replica));

    private static readonly Gen<LatencyCell> Latencies =
        Gen.Select(Gen.Enum<Arm>(), Gen.Int[0, ReplicaTest.Most], Gen.Int[0, LatencyCounts.Never].Array[3], Gen.Long[1, 9].Array[3],
            (arm, replica, bins, counts) => new LatencyCell(arm, replica, [.. bins], [.. counts]));

    private static readonly Gen<EpochCounts> Epochs =
        Gen.Select(Gen.Long[1, 3], Gen.Long[0, 3000], Gen.Enum<EvidenceGroup>(), Cells.Array[1, 3], Latencies.Array[0, 2],
            (generation, bucket, group, cells, latencies) =>
                new EpochCounts(new(Alias, 1, generation), 7_000_000_000 + bucket, group, [.. cells]) { Latencies = [.. latencies] });

    private static readonly Gen<SignalBatch[]> Batches =
        Gen.Select(Gen.Int[1, 3], Epochs.Array[0, 4]).Array[1, 40].Select(list => list
            .Select((b, i) => new SignalBatch($"gateway-{b.Item1}", "start", i, [.. b.Item2])).ToArray());

    private static string StateAfter(IEnumerable<SignalBatch> batches)
    {
        var evidence = new AliasEvidence(Alias);
        foreach (var batch in batches)
        {
            evidence.Merge(batch);
        }

        return EvidenceSnapshot.Write(evidence);
    }

    [Fact]
    public void Any_order_of_the_same_batches_ends_in_the_same_state() =>
        Gen.Select(Batches, Gen.Int).Sample((batches, seed) =>
        {
            var shuffled = batches.ToArray();
            new Random(seed).Shuffle(shuffled);
            Assert.Equal(StateAfter(batches), StateAfter(shuffled));
        }, iter: 15);

    [Fact]
    public void A_batch_that_arrives_twice_counts_once() =>
        Gen.Select(Batches, Gen.Int).Sample((batches, seed) =>
        {
            var doubled = batches.Concat(batches).ToArray();
            new Random(seed).Shuffle(doubled);
            Assert.Equal(StateAfter(batches), StateAfter(doubled));
        }, iter: 15);

    [Fact]
    public void A_stored_state_goes_on_as_if_it_had_never_been_stored() =>
        Gen.Select(Batches, Batches).Sample((before, after) =>
        {
            // The second half comes from another start of the same gateways.
            var later = after.Select(b => b with { StartId = "restarted" }).ToArray();
            var restored = EvidenceSnapshot.Read(StateAfter(before));
            foreach (var batch in before.Concat(later))
            {
                restored.Merge(batch);
            }

            Assert.Equal(StateAfter(before.Concat(later)), EvidenceSnapshot.Write(restored));
        }, iter: 15);

    [Fact]
    public void Sums_and_history_hold_every_request_exactly_once() =>
        Batches.Sample(batches =>
        {
            var evidence = new AliasEvidence(Alias);
            foreach (var batch in batches)
            {
                evidence.Merge(batch);
            }

            var sent = batches.SelectMany(b => b.Epochs).SelectMany(e => e.Cells).Sum(c => c.Outcomes.Sum());
            var groups = Enum.GetValues<EvidenceGroup>();
            Assert.Equal(sent, evidence.Stages.Sum(s => groups.Sum(g => Sum(s.Outcomes(g)))));
            Assert.Equal(sent, evidence.Stages.Sum(s => groups.Sum(g => s.History(g).Epochs.Sum(e => Sum(e.Counts)))));
        });

    [Fact]
    public void Evidence_of_another_alias_is_left_alone()
    {
        var evidence = new AliasEvidence(Alias);
        evidence.Merge(Batch(0, new("ranker:prod", 1, 1), bucket: 5, good: 9));
        Assert.Empty(evidence.Stages);
    }

    [Fact]
    public void Memory_stays_bounded_however_long_a_stage_lasts()
    {
        var history = EpochHistory.OfOutcomes();
        CountCell[] cells = [new(Arm.Baseline, 0, [1, 0, 0, 0, 0, 0, 0, 0, 0], [])];
        const int weekOfSeconds = 7 * 24 * 3600;
        for (var second = 0; second < weekOfSeconds; second += 3)
        {
            history.Add(7_000_000_000 + (second * 4L), cells);
        }

        Assert.InRange(history.Epochs.Count, 100, 1000);
        Assert.Equal(weekOfSeconds / 3, history.Epochs.Sum(e => Sum(e.Counts)));
        Assert.Equal(0, history.Epochs[^1].Level);
    }

    [Fact]
    public void A_gateway_that_skips_sequences_for_ever_stays_bounded()
    {
        var seen = new SequenceSet();
        for (var i = 0; i < 100_000; i++)
        {
            Assert.True(seen.Add(i * 2L));
            Assert.False(seen.Add(i * 2L));
        }

        Assert.Equal(SequenceSet.Remembered, seen.Above.Count);
    }

    [Fact]
    public void Control_rates_come_from_older_stages_only_and_stay_frozen()
    {
        var evidence = new AliasEvidence(Alias);
        EvidenceKey first = new(Alias, 1, 1), second = new(Alias, 1, 2);
        evidence.Merge(Batch(0, first, bucket: 5, good: 900, wrong: 100));
        var frozen = evidence.Begin(second);
        evidence.Merge(Batch(1, second, bucket: 6, good: 0, wrong: 1000));
        evidence.Merge(Batch(2, first, bucket: 5, good: 0, wrong: 1000));

        Assert.Equal(0.1, frozen.Rates[0][(int)Outcome.Wrong], 0.01);
        Assert.Equal(1000, frozen.Units[0]);
        Assert.Same(frozen, evidence.RatesFor(second));
        Assert.Same(frozen, evidence.Begin(second));
    }

    [Fact]
    public void Forgotten_stages_live_on_in_the_rates()
    {
        var evidence = new AliasEvidence(Alias);
        EvidenceKey first = new(Alias, 1, 1), second = new(Alias, 1, 2);
        evidence.Merge(Batch(0, first, bucket: 5, good: 900, wrong: 100));
        var before = evidence.RatesFor(second);
        evidence.ForgetBefore(second);

        Assert.Empty(evidence.Stages);
        Assert.Equal(before.Rates[0], evidence.RatesFor(second).Rates[0]);
    }

    [Fact]
    public void Rates_of_an_unknown_release_sum_to_one_and_none_is_impossible()
    {
        foreach (var stratum in ControlRates.Unknown.Rates)
        {
            Assert.Equal(1, stratum.Sum(), 1e-12);
            Assert.All(stratum, rate => Assert.True(rate >= ControlRates.Floor));
        }
    }

    private static SignalBatch Batch(long sequence, EvidenceKey key, long bucket, long good, long wrong = 0) =>
        new("gateway-1", "start", sequence,
            [new(key, bucket, EvidenceGroup.Quality, [new(Arm.Baseline, 0, [good, wrong, 0, 0, 0, 0, 0, 0, 0], [good, wrong, 0, 0, 0, 0])])]);

    private static long Sum(CountTable table)
    {
        var sum = 0L;
        foreach (var n in table.All)
        {
            sum += n;
        }

        return sum;
    }
}
