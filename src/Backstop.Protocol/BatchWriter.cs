using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Sketches;
using Backstop.Core.Routing;

namespace Backstop.Protocol;

/// <summary>Writes batches of signals as they are sent: a <see cref="SignalBatch"/> of which no message is made. Not for two threads.</summary>
/// <remarks>Where each of ten thousand aliases has a request now and then, the messages of a batch would be some fifty objects for each request.</remarks>
public sealed class BatchWriter : IEpochSink
{
    /// <summary>A batch that has so many bytes gets no more than what is at hand: gRPC takes messages up to 4 MiB.</summary>
    /// <remarks>Arrays that are longer than 85,000 bytes are collected with the oldest objects only.</remarks>
    public const int Enough = 64 << 10;

    private readonly WireWriter _wire = new();
    private readonly (string GatewayId, string StartId) _from;
    private int _batch;
    private int _head;
    private int _epoch;

    public BatchWriter(string gatewayId, string startId)
    {
        _from = (gatewayId, startId);
        Begin();
    }

    /// <summary>Whether the next batch would tell nothing.</summary>
    public bool IsEmpty => _wire.Length == _head;

    /// <inheritdoc/>
    public bool IsFull => _wire.Length >= Enough;

    /// <summary>What was written since the last call.</summary>
    public PackedBatch Take(ulong sequence)
    {
        _wire.Number(SignalBatch.SequenceFieldNumber, checked((long)sequence));
        _wire.End(_batch);
        var bytes = _wire.Written.ToArray();
        Begin();
        return new(sequence, bytes);
    }

    void IEpochSink.Begin(in EvidenceKey key, long bucket, EvidenceGroup group)
    {
        _epoch = _wire.Begin(SignalBatch.EpochsFieldNumber);
        _wire.Text(EpochCounts.AliasFieldNumber, key.Alias);
        _wire.Number(EpochCounts.EpochFieldNumber, key.Epoch);
        _wire.Number(EpochCounts.GenerationFieldNumber, key.Generation);
        _wire.Number(EpochCounts.BucketFieldNumber, Core.Evidence.EpochCounts.StartOf(bucket).ToUnixTimeMilliseconds());
        _wire.Number(EpochCounts.GroupFieldNumber, (long)group);
    }

    void IEpochSink.Cell(Arm arm, int stratum, int replica, ReadOnlySpan<long> outcomes, ReadOnlySpan<long> served)
    {
        var cell = _wire.Begin(EpochCounts.CellsFieldNumber);
        _wire.Number(Cell.ArmFieldNumber, (long)arm);
        _wire.Number(Cell.StratumFieldNumber, stratum);
        _wire.Numbers(Cell.OutcomesFieldNumber, outcomes);
        _wire.Numbers(Cell.ServedFieldNumber, served);
        _wire.Number(Cell.ReplicaFieldNumber, replica);
        _wire.End(cell);
    }

    void IEpochSink.Latencies(BinRun bins)
    {
        var cell = _wire.Begin(EpochCounts.LatenciesFieldNumber);
        _wire.Number(Latencies.ArmFieldNumber, (long)bins.Arm);
        _wire.Number(Latencies.ReplicaFieldNumber, bins.Replica);
        var numbers = _wire.Begin(Latencies.BinsFieldNumber);
        for (var i = 0; i < bins.Length; i++)
        {
            _wire.Varint((ulong)bins[i].Bin);
        }

        _wire.End(numbers);
        var counts = _wire.Begin(Latencies.CountsFieldNumber);
        for (var i = 0; i < bins.Length; i++)
        {
            _wire.Varint((ulong)bins[i].Count);
        }

        _wire.End(counts);
        _wire.End(cell);
    }

    void IEpochSink.FirstHalf(ReadOnlySpan<long> outcomes) => _wire.Numbers(EpochCounts.FirstHalfFieldNumber, outcomes);

    void IEpochSink.Scores(string name, BinRun steps)
    {
        var cell = _wire.Begin(EpochCounts.ScoresFieldNumber);
        _wire.Text(Scores.NameFieldNumber, name);
        _wire.Number(Scores.ArmFieldNumber, (long)steps.Arm);
        _wire.Number(Scores.ReplicaFieldNumber, steps.Replica);
        var pairs = _wire.Begin(Scores.StepsFieldNumber);
        for (var i = 0; i < steps.Length; i++)
        {
            _wire.Varint((ulong)steps[i].Bin);
            _wire.Varint((ulong)steps[i].Count);
        }

        _wire.End(pairs);
        _wire.End(cell);
    }

    void IEpochSink.End() => _wire.End(_epoch);

    /// <summary>Requests of an alias were sent to a release.</summary>
    public void Started(string alias, string release, long count, long firstMs, long lastMs)
    {
        var started = _wire.Begin(SignalBatch.StartedFieldNumber);
        _wire.Text(Protocol.Started.AliasFieldNumber, alias);
        _wire.Text(Protocol.Started.ReleaseFieldNumber, release);
        _wire.Number(Protocol.Started.CountFieldNumber, count);
        _wire.Number(Protocol.Started.FirstMsFieldNumber, firstMs);
        _wire.Number(Protocol.Started.LastMsFieldNumber, lastMs);
        _wire.End(started);
    }

    /// <summary>What requests to an alias brought with them.</summary>
    /// <param name="bucket">Its bucket: <see cref="Core.Inputs.InputCount.BucketOf"/>.</param>
    public void Input(string alias, long bucket, Core.Inputs.InputCount count)
    {
        var input = _wire.Begin(SignalBatch.InputsFieldNumber);
        _wire.Text(InputCount.AliasFieldNumber, alias);
        _wire.Number(InputCount.BucketFieldNumber, bucket);
        _wire.Number(InputCount.SignalFieldNumber, (long)count.Signal);
        _wire.Text(InputCount.WhatFieldNumber, count.What);
        _wire.Number(InputCount.NFieldNumber, count.N);
        _wire.Number(InputCount.HitsFieldNumber, count.Hits);
        _wire.Number(InputCount.SumFieldNumber, count.Sum);
        _wire.Number(InputCount.SquaresFieldNumber, count.Squares);
        _wire.Number(InputCount.MostFieldNumber, count.Most);
        if (!count.Values.IsEmpty)
        {
            var bins = _wire.Begin(InputCount.BinsFieldNumber);
            foreach (var value in count.Values)
            {
                _wire.Varint((uint)((value.Bin << 1) ^ (value.Bin >> 31))); // Zigzag, for bins below zero.
            }

            _wire.End(bins);
            var counts = _wire.Begin(InputCount.BinCountsFieldNumber);
            foreach (var value in count.Values)
            {
                _wire.Varint((ulong)value.Count);
            }

            _wire.End(counts);
        }

        _wire.End(input);
    }

    /// <summary>The different units of a stage up to now.</summary>
    public void Units(in EvidenceKey stage, DistinctSketch units)
    {
        var begin = _wire.Begin(SignalBatch.UnitsFieldNumber);
        _wire.Text(StageUnits.AliasFieldNumber, stage.Alias);
        _wire.Number(StageUnits.EpochFieldNumber, stage.Epoch);
        _wire.Number(StageUnits.GenerationFieldNumber, stage.Generation);
        var sketch = _wire.Begin(StageUnits.SketchFieldNumber);
        _wire.Length += HllFormat.Write(units, _wire.Room(HllFormat.Size));
        _wire.End(sketch);
        _wire.End(begin);
    }

    /// <summary>What copies of requests showed.</summary>
    public void Add(ShadowComparison shadow) => _wire.Message(SignalBatch.ShadowsFieldNumber, shadow);

    /// <summary>A request that failed.</summary>
    public void Add(Sample sample) => _wire.Message(SignalBatch.SamplesFieldNumber, sample);

    private void Begin()
    {
        _wire.Length = 0;
        _batch = _wire.Begin(FromGateway.BatchFieldNumber);
        _wire.Text(SignalBatch.GatewayIdFieldNumber, _from.GatewayId);
        _wire.Text(SignalBatch.StartIdFieldNumber, _from.StartId);
        _head = _wire.Length;
    }
}

/// <summary>A batch as it is sent, and sent again until it is acknowledged.</summary>
/// <param name="Bytes">A <see cref="FromGateway"/> that says nothing else.</param>
public sealed record PackedBatch(ulong Sequence, ReadOnlyMemory<byte> Bytes);
