using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Evidence;

public class SelfComparisonTests
{
    private const string Alias = "assistant:prod";
    private static readonly EvidenceKey Stage = new(Alias, 1, 1);

    [Fact]
    public void Halves_that_differ_in_nothing_fire_no_more_often_than_promised()
    {
        var seen = Compare(new Random(1), requests: 600_000, _ => 0.05);
        Assert.Equal(59, seen.Comparisons); // The first epoch is where the first of them begins.
        Assert.Equal(0, seen.FalseAlarms);
        Assert.InRange(seen.AboveTen, 0, 12); // Six on average at most; thirteen or more would be one chance in a hundred.
        Assert.InRange(seen.AboveHundred, 0, 4);
    }

    [Fact]
    public void Users_whose_requests_resemble_each_other_and_are_assigned_together_are_seen_in_the_count()
    {
        // A hundred requests in a row are one user's, and fail all or none.
        var random = new Random(2);
        var (user, fails, half) = (-1, false, false);
        var seen = Compare(random, requests: 200_000, i =>
        {
            if (i / 100 != user)
            {
                (user, fails, half) = (i / 100, random.NextDouble() < 0.05, random.Next(2) == 0);
            }

            return fails ? 1 : 0;
        }, _ => half);
        Assert.True(seen.AboveTen > seen.Comparisons / 2, $"{seen.AboveTen} of {seen.Comparisons}");
    }

    [Fact]
    public void A_new_stage_begins_a_new_comparison()
    {
        var (evidence, tables) = (new AliasEvidence(Alias), new SelfTables(new(), ControlRates.Unknown));
        evidence.Merge(Batch(0, Stage, first: 100, second: 100));
        var seen = SelfComparison.None.Look(evidence.Find(Stage)!, tables);
        evidence.Merge(Batch(1, Stage, first: 100, second: 100));
        seen = seen.Look(evidence.Find(Stage)!, tables);
        Assert.Equal(0, seen.Comparisons);

        var next = Stage with { Generation = 2 };
        evidence.Merge(Batch(2, next, first: 5, second: 5));
        seen = seen.Look(evidence.Find(next)!, tables);
        Assert.Equal(1, seen.Comparisons);
        Assert.Equal(2, seen.Running!.Generation);
    }

    [Fact]
    public void The_ledger_counts_every_request_of_a_half_once_whatever_becomes_of_it()
    {
        var ledger = new EpochLedger(TimeSpan.FromSeconds(10));
        var at = DateTimeOffset.UnixEpoch;
        EpochLedger.Ticket[] tickets = [new(), new(), new(), new()];
        foreach (var (i, ticket) in tickets.Index())
        {
            ledger.Assign(ticket, Stage, Arm.Baseline, at, TimeSpan.FromSeconds(1), isFirstHalf: i < 3);
        }

        tickets[0].Answered(false, Outcome.Unlabelled, Served.Unlabelled);
        tickets[0].Labelled(correct: false);
        tickets[1].Answered(false, Outcome.ToxicBlocked, Served.SafeText);
        tickets[3].Answered(false, Outcome.Error, Served.Failed);
        var half = ledger.Collect(at.AddSeconds(20)).Single(e => e.Group == EvidenceGroup.Quality).FirstHalf;
        Assert.Equal(3, half.Sum());
        Assert.Equal(1, half[(int)Outcome.Wrong]);
        Assert.Equal(1, half[(int)Outcome.ToxicBlocked]);
        Assert.Equal(1, half[(int)Outcome.Late]);
    }

    [Fact]
    public void What_was_seen_survives_being_stored()
    {
        var evidence = new AliasEvidence(Alias);
        evidence.Merge(Batch(0, Stage, first: 7, second: 9));
        evidence.Self = SelfComparison.None.Look(evidence.Find(Stage)!, new(new(), ControlRates.Unknown)) with { Comparisons = 3, AboveTen = 1 };
        var restored = EvidenceSnapshot.Read(EvidenceSnapshot.Write(evidence));
        Assert.Equal(evidence.Find(Stage)!.FirstHalf.ToArray(), restored.Find(Stage)!.FirstHalf.ToArray());
        Assert.Equal((3, 1), (restored.Self.Comparisons, restored.Self.AboveTen));
        Assert.Equal(evidence.Self.Running!.Whole, restored.Self.Running!.Whole);
    }

    private static SelfComparison Compare(Random random, int requests, Func<int, double> failing, Func<int, bool>? half = null)
    {
        const int perBatch = 50;
        var (evidence, tables, seen) = (new AliasEvidence(Alias), new SelfTables(new(), ControlRates.Unknown), SelfComparison.None);
        for (var batch = 0; batch < requests / perBatch; batch++)
        {
            var (all, first) = (new long[9], new long[9]);
            for (var i = 0; i < perBatch; i++)
            {
                var number = (batch * perBatch) + i;
                var fails = random.NextDouble() < failing(number);
                var isFirst = half?.Invoke(number) ?? random.Next(2) == 0;
                all[(int)(fails ? Outcome.Wrong : Outcome.Correct)]++;
                first[(int)(fails ? Outcome.Wrong : Outcome.Correct)] += isFirst ? 1 : 0;
            }

            evidence.Merge(new("gateway-1", "start", batch, [new(Stage, batch, EvidenceGroup.Quality, [new(Arm.Baseline, 0, [.. all], [])]) { FirstHalf = [.. first] }]));
            seen = seen.Look(evidence.Find(Stage)!, tables);
        }

        return seen;
    }

    private static SignalBatch Batch(long sequence, EvidenceKey key, long first, long second) => new("gateway-1", "start", sequence,
        [new(key, 5, EvidenceGroup.Quality, [new(Arm.Baseline, 0, [first + second, 0, 0, 0, 0, 0, 0, 0, 0], [])]) { FirstHalf = [first, 0, 0, 0, 0, 0, 0, 0, 0] }]);
}
