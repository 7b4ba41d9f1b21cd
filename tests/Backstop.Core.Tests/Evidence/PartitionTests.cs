using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using CsCheck;

namespace Backstop.Core.Tests.Evidence;

/// <summary>How a stream of requests is shared out over gateways, and when their batches come, is nothing that a verdict may depend on.</summary>
public class PartitionTests
{
    private const int Requests = 3000;
    private static readonly EvidenceKey Before = new("assistant:prod", 1, 1);
    private static readonly EvidenceKey Canary = new("assistant:prod", 1, 2);
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddDays(20_000);
    private static readonly EvidencePlan Plan = new() { LatencyMargin = 0.05, Freshness = TimeSpan.FromHours(1) };
    private static readonly Contrast Contrast = new([new(Canary, 0.3)], Arm.Candidate, Arm.Baseline);

    [Fact]
    public void Any_partition_of_the_stream_over_gateways_gives_the_same_judgement_bit_for_bit()
    {
        var verdicts = new HashSet<Verdict>();
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[2, 9], Gen.Int[0, int.MaxValue], Gen.Double[0.04, 0.3]).Sample(
            (seed, gateways, deal, failing) =>
            {
                var (one, many) = (Evidence(seed, failing, gateways: 1, deal), Evidence(seed, failing, gateways, deal));
                foreach (var group in Enum.GetValues<EvidenceGroup>())
                {
                    Assert.Equal(one.Find(Before)!.Outcomes(group).All, many.Find(Before)!.Outcomes(group).All);
                    Assert.Equal(one.Find(Canary)!.Outcomes(group).All, many.Find(Canary)!.Outcomes(group).All);
                }

                var whole = Judge.Evaluate(one, Contrast, Plan, Start.AddMinutes(5));
                var parts = Judge.Evaluate(many, Contrast, Plan, Start.AddMinutes(5));
                Assert.Equal(whole.Digest, parts.Digest);
                Assert.Equal(whole.Groups, parts.Groups);
                Assert.Equal((whole.Verdict, whole.Reason, whole.Latency), (parts.Verdict, parts.Reason, parts.Latency));
                Assert.Equal((whole.ConfirmationLogE, whole.AssignmentLogE, whole.LeastLogE), (parts.ConfirmationLogE, parts.AssignmentLogE, parts.LeastLogE));
                Assert.Equal((whole.Tested.Ceiling, whole.Control.Ceiling), (parts.Tested.Ceiling, parts.Control.Ceiling));
                verdicts.Add(whole.Verdict);
            },
            iter: 30,
            threads: 1);
        Assert.Contains(Verdict.Regressed, verdicts);
        Assert.True(verdicts.Count > 1, "every stream ended in the same verdict");
    }

    /// <summary>The same requests, whoever sees them.</summary>
    /// <param name="deal">Seeds who sees a request, and the order in which batches come.</param>
    private static AliasEvidence Evidence(int seed, double failing, int gateways, int deal)
    {
        var (luck, dealer, now) = (new Random(seed), new Random(deal), Start);
        var ledgers = Enumerable.Range(0, gateways).Select(_ => new EpochLedger(TimeSpan.FromSeconds(2))).ToArray();
        List<(EpochLedger.Ticket Ticket, DateTimeOffset At, bool IsGood)> labels = [];
        List<SignalBatch> batches = [];
        for (var i = 0; i < Requests; i++, now += TimeSpan.FromMilliseconds(luck.Next(60)))
        {
            var isCanary = i >= Requests / 3;
            var arm = isCanary && luck.NextDouble() < 0.3 ? Arm.Candidate : Arm.Baseline;
            var ticket = new EpochLedger.Ticket();
            ledgers[dealer.Next(gateways)].Assign(ticket, isCanary ? Canary : Before, arm, now, TimeSpan.FromSeconds(5), luck.Next(2) == 0);
            var (fails, attack, replica) = (luck.NextDouble() < (arm == Arm.Candidate ? failing : 0.04), luck.NextDouble() < 0.05, 1 + luck.Next(2));
            var latency = TimeSpan.FromMilliseconds(200 + (luck.NextDouble() * 900));
            if (fails && luck.Next(2) == 0)
            {
                ticket.Answered(attack, Outcome.SchemaBlocked, Served.SafeText, replica, latency);
            }
            else if (luck.Next(50) > 0)
            {
                ticket.Answered(attack, Outcome.Unlabelled, Served.Unlabelled, replica, latency);
                labels.Add((ticket, now + TimeSpan.FromMilliseconds(luck.Next(3000)), !fails));
            }

            foreach (var label in labels.Where(l => l.At <= now))
            {
                label.Ticket.Labelled(label.IsGood);
            }

            labels.RemoveAll(l => l.At <= now);
            if (i % 10 == 0)
            {
                Ship();
            }
        }

        labels.ForEach(l => l.Ticket.Labelled(l.IsGood));
        now += TimeSpan.FromMinutes(1);
        Ship();
        var evidence = new AliasEvidence(Canary.Alias);
        foreach (var batch in batches.Where(b => b.Epochs[0].Key == Before).OrderBy(_ => dealer.Next()))
        {
            evidence.Merge(batch);
        }

        evidence.Begin(Canary, Plan.LatencyMargin);
        foreach (var batch in batches.OrderBy(_ => dealer.Next()))
        {
            evidence.Merge(batch);
            if (dealer.Next(20) == 0)
            {
                Judge.Evaluate(evidence, Contrast, Plan, now); // What a look leaves behind must not matter either.
            }
        }

        return evidence;

        void Ship()
        {
            for (var gateway = 0; gateway < gateways; gateway++)
            {
                foreach (var ofStage in ledgers[gateway].Collect(now).GroupBy(e => e.Key))
                {
                    batches.Add(new($"gateway-{gateway}", "start", batches.Count, [.. ofStage]));
                }
            }
        }
    }
}
