using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Makes records of the epochs that close, for who works on with them in the same process.</summary>
internal sealed class ClosedEpochs : IEpochSink
{
    private readonly ImmutableArray<EpochCounts>.Builder _all = ImmutableArray.CreateBuilder<EpochCounts>();
    private readonly List<CountCell> _cells = [];
    private readonly List<LatencyCell> _latencies = [];
    private readonly List<ScoreCell> _scores = [];
    private ImmutableArray<long> _firstHalf = [];
    private (EvidenceKey Key, long Bucket, EvidenceGroup Group) _epoch;

    public bool IsFull => false;

    public ImmutableArray<EpochCounts> Take() => _all.DrainToImmutable();

    public void Begin(in EvidenceKey key, long bucket, EvidenceGroup group) => _epoch = (key, bucket, group);

    public void Cell(Arm arm, int stratum, int replica, ReadOnlySpan<long> outcomes, ReadOnlySpan<long> served) =>
        _cells.Add(new(arm, stratum, [.. outcomes], [.. served], replica));

    public void Latencies(BinRun bins)
    {
        var (numbers, counts) = (new int[bins.Length], new long[bins.Length]);
        for (var i = 0; i < bins.Length; i++)
        {
            (numbers[i], counts[i]) = bins[i];
        }

        _latencies.Add(new(bins.Arm, bins.Replica, ImmutableCollectionsMarshal.AsImmutableArray(numbers), ImmutableCollectionsMarshal.AsImmutableArray(counts)));
    }

    public void FirstHalf(ReadOnlySpan<long> outcomes) => _firstHalf = [.. outcomes];

    public void Scores(string name, BinRun steps)
    {
        var pairs = new long[2 * steps.Length];
        for (var i = 0; i < steps.Length; i++)
        {
            (pairs[2 * i], pairs[(2 * i) + 1]) = steps[i];
        }

        _scores.Add(new(name, steps.Arm, steps.Replica, ImmutableCollectionsMarshal.AsImmutableArray(pairs)));
    }

    public void End()
    {
        _all.Add(new(_epoch.Key, _epoch.Bucket, _epoch.Group, [.. _cells]) { Latencies = [.. _latencies], FirstHalf = _firstHalf, Scores = [.. _scores] });
        _cells.Clear();
        _latencies.Clear();
        _scores.Clear();
        _firstHalf = [];
    }
}
