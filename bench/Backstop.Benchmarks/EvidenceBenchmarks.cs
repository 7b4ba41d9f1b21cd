using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using BenchmarkDotNet.Attributes;

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
    private static readonly EvidenceKey Before = new(Alias, 1, 1);
    private static readonly EvidenceKey Stage = new(Alias, 1, 2);
    private static readonly EvidencePlan Plan = new();
    private static readonly Contrast Contrast = new([new(Stage, 0.1)], Arm.Candidate, Arm.Baseline);

    private readonly Random _random = new(1);
    private readonly ImmutableArray<CountCell>[] _cells = new ImmutableArray<CountCell>[1024];
    private AliasEvidence _evidence = null!;
    private long _bucket;
    private long _sequence;

    [GlobalSetup]
    public void Fill()
    {
        for (var i = 0; i < _cells.Length; i++)
        {
            _cells[i] = Epoch();
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

    private void Add(EvidenceKey key)
    {
        var cells = _cells[_sequence % _cells.Length];
        _evidence.Merge(new("gateway-1", "start", _sequence++,
        [
            new(key, _bucket, EvidenceGroup.Form, cells),
            new(key, _bucket, EvidenceGroup.Quality, cells),
        ]));
        _bucket++;
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
