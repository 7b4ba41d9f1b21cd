using System.Text.Json;
using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Sketches;
using Backstop.Core.Inputs;
using Backstop.Core.Routing;
using Backstop.Gateway.Tests.Harness;
using Backstop.Protocol;
using InputCount = Backstop.Core.Inputs.InputCount;
using SignalBatch = Backstop.Protocol.SignalBatch;

namespace Backstop.Gateway.Tests.Signals;

public sealed class BatchWriterTests
{
    private static readonly DateTimeOffset Began = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(3000)]
    public void Control_reads_the_epochs_that_were_counted(int requests)
    {
        // Three times with the same ledgers, which use their epochs again: what was in one must not be told with what is in it next.
        var (asRecords, asBytes) = (new EpochLedger(TimeSpan.FromSeconds(10)), new EpochLedger(TimeSpan.FromSeconds(10)));
        var writer = new BatchWriter("gateway", "start");
        for (var round = 0; round < 3; round++)
        {
            var at = Began + TimeSpan.FromMinutes(round);
            Count(asRecords, new(requests + round), requests / (round + 1), at);
            Count(asBytes, new(requests + round), requests / (round + 1), at);
            foreach (var seconds in (int[])[1, 7, 20])
            {
                List<SignalBatch> batches = [];
                for (var (isAll, seen) = (false, 0); !isAll;)
                {
                    isAll = asBytes.Collect(at + TimeSpan.FromSeconds(seconds), writer, ref seen);
                    batches.Add(writer.Take(7).Read());
                }

                Assert.Equal(
                    JsonSerializer.Serialize(asRecords.Collect(at + TimeSpan.FromSeconds(seconds))),
                    JsonSerializer.Serialize(batches.SelectMany(batch => batch.ToBatch().Epochs)));
                Assert.All(batches, batch => Assert.Equal(("gateway", "start", 7UL, null), (batch.GatewayId, batch.StartId, batch.Sequence, batch.Flaw())));
            }
        }
    }

    [Fact]
    public void Each_batch_tells_what_was_written_since_the_one_before_and_says_when_it_has_enough()
    {
        var writer = new BatchWriter("gateway", "start");
        Assert.True(writer.IsEmpty);
        var written = 0;
        for (; !writer.IsFull; written++)
        {
            writer.Started($"assistant-{written}:prod", "digest", count: 300 + written, firstMs: 1, lastMs: 2);
        }

        var first = writer.Take(1);
        Assert.InRange(first.Bytes.Length, BatchWriter.Enough, BatchWriter.Enough + 100);
        Assert.Equal(Enumerable.Range(0, written).Select(i => 300L + i), first.Read().Started.Select(started => started.Count));
        Assert.True(writer.IsEmpty);

        writer.Started("assistant:prod", "digest", count: 0, firstMs: 0, lastMs: 0);
        Assert.Equal([new Started { Alias = "assistant:prod", Release = "digest" }], writer.Take(2).Read().Started);
    }

    [Fact]
    public void What_requests_brought_is_read_as_it_was_counted()
    {
        InputCount[] counts =
        [
            new(InputSignal.PromptFingerprint, "none", 3), new(InputSignal.FeatureNulls, "ä", 4, 1),
            new(InputSignal.FeatureValues, "price", 5, 0, -2.5, 1e9, 7) { Values = [new(-130, 2), new(0, 1), new(64, 300)] },
        ];
        var writer = new BatchWriter("gateway", "start");
        Array.ForEach(counts, count => writer.Input("assistant:prod", bucket: 12, count));
        var inputs = writer.Take(1).Read().Inputs;

        Assert.All(inputs, input => Assert.Equal(("assistant:prod", 12), (input.Alias, input.Bucket)));
        Assert.Equal(counts.Select(count => count with { Values = [] }), inputs.Select(input => input.ToCount() with { Values = [] }));
        Assert.Equal(counts.SelectMany(count => count.Values), inputs.SelectMany(input => input.ToCount().Values));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(5000)]
    public void Different_units_are_read_as_they_were_counted(int units)
    {
        var sketch = new DistinctSketch();
        for (var i = 0UL; i < (ulong)units; i++)
        {
            sketch.Add(i);
        }

        var writer = new BatchWriter("gateway", "start");
        writer.Units(new("assistant:prod", 1, 2), sketch);
        writer.Units(new("assistant:prod", 1, 3), new());
        var read = writer.Take(1).Read().ToBatch().Units;

        Assert.Equal([new("assistant:prod", 1, 2), new("assistant:prod", 1, 3)], read.Select(unit => unit.Key));
        Assert.Equal(sketch.Registers, read[0].Baseline.Registers);
        Assert.Equal(new DistinctSketch().Registers, read[1].Baseline.Registers);
    }

    // All kinds of ends, some of which never come, over a few epochs of two aliases.
    private static void Count(EpochLedger ledger, Random random, int requests, DateTimeOffset at)
    {
        for (var i = 0; i < requests; i++)
        {
            var ticket = new EpochLedger.Ticket();
            var key = new EvidenceKey($"assistant-{random.Next(2)}:prod", 1, 1 + random.Next(2));
            var arm = (Arm)random.Next(3);
            ledger.Assign(ticket, key, arm, at + (i * TimeSpan.FromSeconds(0.9) / requests), TimeSpan.FromSeconds(5), arm == Arm.Baseline && random.Next(2) == 0, awaitsScores: true);
            if (random.Next(10) == 0)
            {
                continue;
            }

            var isDelivered = random.Next(2) == 0;
            ticket.Answered(
                random.Next(5) == 0, isDelivered ? Outcome.Unlabelled : Outcome.Error, isDelivered ? Served.Unlabelled : Served.Failed, random.Next(17),
                random.Next(4) == 0 ? null : TimeSpan.FromMilliseconds(1 + random.Next(5000)));
            if (isDelivered && random.Next(2) == 0)
            {
                ticket.Labelled(random.Next(2) == 0);
                ticket.Scored("helpful", random.Next(64));
            }
        }
    }
}
