using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using Backstop.Protocol;
using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using EpochCounts = Backstop.Core.Evidence.EpochCounts;
using SignalBatch = Backstop.Core.Evidence.SignalBatch;

namespace Backstop.Benchmarks;

/// <summary>What an alias's owner does with a gateway's counts: merge an epoch, and look at a rollout after it.</summary>
/// <remarks>
/// The rollout has had four epochs a second for an hour, twenty requests each, a tenth of them on the candidate, all healthy.
/// Every operation adds the next epoch: what a look costs that finds nothing new is not what a look costs.
/// </remarks>
[InProcess]
[MemoryDiagnoser]
public class EvidenceBenchmarks
{
    private const string Alias = "assistant:prod";
    private const int Hour = 4 * 3600;
    private const int Gateways = 1000;

    private static readonly EvidenceKey Before = new(Alias, 1, 1);
    private static readonly EvidenceKey Stage = new(Alias, 1, 2);
    private static readonly EvidencePlan Plan = new();
    private static readonly EvidencePlan WithLatency = new() { LatencyMargin = 0.1 };
    private static readonly Contrast Contrast = new([new(Stage, 0.1)], Arm.Candidate, Arm.Baseline);

    private readonly Random _random = new(1);
    private readonly ImmutableArray<CountCell>[] _cells = new ImmutableArray<CountCell>[1024];
    private readonly ImmutableArray<LatencyCell>[] _latencies = new ImmutableArray<LatencyCell>[1024];
    private AliasEvidence _evidence = null!;
    private byte[][] _batches = [];
    private long _bucket;
    private long _sequence;

    [GlobalSetup]
    public void Fill()
    {
        for (var i = 0; i < _cells.Length; i++)
        {
            (_cells[i], _latencies[i]) = (Epoch(), [LatenciesOf(Arm.Baseline, 18), LatenciesOf(Arm.Candidate, 2)]);
        }

        _evidence = new(Alias);
        _bucket = EpochCounts.BucketOf(DateTimeOffset.UnixEpoch.AddDays(20_000));
        for (var i = 0; i < 2000; i++)
        {
            Add(Before);
        }

        _evidence.Begin(Stage);
        for (var i = 0; i < Hour; i++)
        {
            Add(Stage);
        }

        _batches = [.. Enumerable.Range(0, Gateways).Select(Batch)];
    }

    /// <summary>One epoch of one gateway: form and quality of two arms.</summary>
    [Benchmark]
    public void Merge() => Add(Stage);

    /// <summary>One epoch more, and a look at everything.</summary>
    [Benchmark]
    public Judgement MergeAndEvaluate()
    {
        Add(Stage);
        return Judge.Evaluate(_evidence, Contrast, Plan, EpochCounts.StartOf(_bucket));
    }

    /// <summary>The same where latencies are not only shown but judged.</summary>
    [Benchmark]
    public Judgement MergeAndEvaluateWithLatency()
    {
        Add(Stage);
        return Judge.Evaluate(_evidence, Contrast, WithLatency, EpochCounts.StartOf(_bucket));
    }

    /// <summary>What a second of a thousand gateways is for the owner of the alias that all of them serve: their batches, read, checked and merged, and four looks.</summary>
    [Benchmark]
    public Judgement ASecondOfAThousandGateways()
    {
        Judgement? last = null;
        for (var gateway = 0; gateway < Gateways; gateway++)
        {
            var message = Protocol.SignalBatch.Parser.ParseFrom(_batches[gateway]);
            if (message.Flaw() is null)
            {
                _evidence.Merge(message.ToBatch() with { Sequence = _sequence });
            }

            if (gateway % (Gateways / 4) == 0)
            {
                last = Judge.Evaluate(_evidence, Contrast, Plan, EpochCounts.StartOf(_bucket));
            }
        }

        _sequence++;
        return last!;
    }

    private void Add(EvidenceKey key)
    {
        _evidence.Merge(new SignalBatch("gateway-1", "start", _sequence, EpochsOf(key, _sequence)));
        _sequence++;
        _bucket++;
    }

    private ImmutableArray<EpochCounts> EpochsOf(EvidenceKey key, long number)
    {
        var (cells, latencies) = (_cells[number % _cells.Length], _latencies[number % _cells.Length]);
        return
        [
            new(key, _bucket, EvidenceGroup.Form, cells) { Latencies = latencies },
            new(key, _bucket, EvidenceGroup.Quality, cells) { FirstHalf = [9, 1, 0, 0, 0, 0, 0, 0, 0] },
        ];
    }

    // Four buckets, as a gateway has in a second.
    private byte[] Batch(int gateway)
    {
        var message = new Protocol.SignalBatch { GatewayId = $"of-the-fleet-{gateway}", StartId = "start" };
        for (var bucket = 0; bucket < 4; bucket++)
        {
            message.Epochs.AddRange(EpochsOf(Stage, gateway + bucket).Select(e => MessageOf(e with { Bucket = e.Bucket + bucket })));
        }

        return message.ToByteArray();
    }

    private static Protocol.EpochCounts MessageOf(EpochCounts epoch)
    {
        var message = new Protocol.EpochCounts
        {
            Alias = epoch.Key.Alias,
            Epoch = epoch.Key.Epoch,
            Generation = epoch.Key.Generation,
            Bucket = EpochCounts.StartOf(epoch.Bucket).ToUnixTimeMilliseconds(),
            Group = (int)epoch.Group,
        };
        foreach (var cell in epoch.Cells)
        {
            var counts = new Cell { Arm = (int)cell.Arm, Stratum = cell.Stratum, Replica = cell.Replica };
            counts.Outcomes.AddRange(cell.Outcomes.AsSpan());
            counts.Served.AddRange(cell.Served.AsSpan());
            message.Cells.Add(counts);
        }

        message.FirstHalf.AddRange(epoch.FirstHalf.AsSpan());
        foreach (var cell in epoch.Latencies)
        {
            var latencies = new Latencies { Arm = (int)cell.Arm, Replica = cell.Replica };
            latencies.Bins.AddRange(cell.Bins.AsSpan());
            latencies.Counts.AddRange(cell.Counts.AsSpan());
            message.Latencies.Add(latencies);
        }

        return message;
    }

    // Lognormal around 800 ms, in the bins of a real one: about a hundred of them fill.
    private LatencyCell LatenciesOf(Arm arm, int requests)
    {
        var bins = new SortedDictionary<int, long>();
        for (var i = 0; i < requests; i++)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
            var bin = LatencyCounts.BinOf(TimeSpan.FromMilliseconds(800 * Math.Exp(0.6 * normal)));
            bins[bin] = bins.GetValueOrDefault(bin) + 1;
        }

        return new(arm, 0, [.. bins.Keys], [.. bins.Values]);
    }

    private ImmutableArray<CountCell> Epoch()
    {
        var (tested, control) = (new long[9], new long[9]);
        for (var i = 0; i < 20; i++)
        {
            var outcome = _random.NextDouble() switch { < 0.03 => Outcome.ToxicBlocked, < 0.031 => Outcome.SchemaBlocked, < 0.09 => Outcome.Wrong, _ => Outcome.Correct };
            (_random.NextDouble() < 0.1 ? tested : control)[(int)outcome]++;
        }

        return [new(Arm.Baseline, 0, [.. control], []), new(Arm.Candidate, 0, [.. tested], [])];
    }
}
