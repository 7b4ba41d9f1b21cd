using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Everything known about one stage: sums, and the same counts over time.</summary>
public sealed class StageEvidence(EvidenceKey key)
{
    private readonly CountTable[] _outcomes = [CountTable.OfOutcomes(), CountTable.OfOutcomes()];
    private readonly CountTable[] _served = [CountTable.OfServed(), CountTable.OfServed()];
    private readonly EpochHistory[] _history = [EpochHistory.OfOutcomes(), EpochHistory.OfOutcomes()];
    private readonly CountTable?[][] _replicas = [new CountTable?[ReplicaTest.Most + 1], new CountTable?[ReplicaTest.Most + 1]];

    private readonly LatencyCounts?[] _latencies = new LatencyCounts?[CountTable.Arms];
    private readonly LatencyCounts?[,] _latenciesOfReplicas = new LatencyCounts?[CountTable.Arms, ReplicaTest.Most + 1];

    private readonly SortedDictionary<string, ShadowCounts> _shadows = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, Arm Arm, int Replica), ScoreCounts> _scores = [];

    private readonly long[] _firstHalf = new long[CountTable.OutcomeCount];

    /// <summary>The stage.</summary>
    public EvidenceKey Key => key;

    /// <summary>What the releases answered.</summary>
    public CountTable Outcomes(EvidenceGroup group) => _outcomes[(int)group];

    /// <summary>What the users received.</summary>
    public CountTable Served(EvidenceGroup group) => _served[(int)group];

    /// <summary>The part of the outcomes that came from the replicas of one number; null when none did.</summary>
    public CountTable? OfReplica(EvidenceGroup group, int replica) => _replicas[(int)group][replica];

    /// <summary>How long the requests of an arm took; null when nothing is known.</summary>
    public LatencyCounts? Latencies(Arm arm) => _latencies[(int)arm];

    /// <summary>The part of them that came from the replicas of one number, 0 for those of which none is known.</summary>
    public LatencyCounts? Latencies(Arm arm, int replica) => _latenciesOfReplicas[(int)arm, replica];

    /// <summary>How the answers were scored, by name, arm and the replica they came from, 0 for those of which none is known.</summary>
    public IReadOnlyDictionary<(string Name, Arm Arm, int Replica), ScoreCounts> AllScores => _scores;

    /// <summary>How an arm's answers were scored; null when none was.</summary>
    public ScoreCounts? Scores(string name, Arm arm)
    {
        ScoreCounts? sum = null;
        for (var replica = 0; replica <= ReplicaTest.Most; replica++)
        {
            if (Scores(name, arm, replica) is { } some)
            {
                (sum ??= new()).Add(some);
            }
        }

        return sum;
    }

    /// <summary>How an arm's answers from the replicas of one number were scored; null when none was.</summary>
    public ScoreCounts? Scores(string name, Arm arm, int replica) => _scores.GetValueOrDefault((name, arm, replica));

    /// <summary>By outcome: requests of the first half of the baseline.</summary>
    public ReadOnlySpan<long> FirstHalf => _firstHalf;

    /// <summary>What copies of requests showed, by the release that was asked.</summary>
    public IReadOnlyDictionary<string, ShadowCounts> Shadows => _shadows;

    /// <summary>The different units of the baseline: how much its requests resemble each other.</summary>
    public Sketches.DistinctSketch BaselineUnits { get; } = new();

    /// <summary>What the releases answered, over time.</summary>
    public EpochHistory History(EvidenceGroup group) => _history[(int)group];

    /// <summary>How long requests took, over time, as counts between <see cref="LatencyBins.Cuts"/>; null where latency is not judged.</summary>
    internal EpochHistory? LatencyHistory { get; private set; }

    /// <summary>The bins at which latencies are cut over time.</summary>
    internal ImmutableArray<int> LatencyCuts { get; private set; } = [];

    /// <summary>When the newest bucket ended, or null when there is none.</summary>
    public DateTimeOffset? NewestAt =>
        _history[0].Newest is { } form
            ? EpochCounts.StartOf(Math.Max(form, _history[1].Newest ?? form) + 1)
            : _history[1].Newest is { } quality ? EpochCounts.StartOf(quality + 1) : null;

    /// <summary>The arm whose release was the trusted one: the holdback after a promotion, else the baseline.</summary>
    public Arm Control =>
        _outcomes[(int)EvidenceGroup.Form].Total(Arm.Candidate) == 0 && _outcomes[(int)EvidenceGroup.Form].Total(Arm.Holdback) > 0
            ? Arm.Holdback
            : Arm.Baseline;

    /// <summary>The counts of a replica's number, made when they are missing.</summary>
    internal CountTable ReplicaCounts(EvidenceGroup group, int replica) => _replicas[(int)group][replica] ??= CountTable.OfOutcomes();

    internal void Restore(EvidenceGroup group, EpochHistory.Epoch epoch)
    {
        _outcomes[(int)group].Add(epoch.Counts);
        _history[(int)group].Restore(epoch);
    }

    /// <summary>Adds one bucket of one gateway.</summary>
    internal void Add(EpochCounts epoch)
    {
        var group = (int)epoch.Group;
        foreach (var cell in epoch.Cells)
        {
            _outcomes[group].Add(cell.Arm, cell.Stratum, cell.Outcomes.AsSpan());
            _served[group].Add(cell.Arm, cell.Stratum, cell.Served.AsSpan());
            if (cell.Replica > 0)
            {
                ReplicaCounts(epoch.Group, cell.Replica).Add(cell.Arm, cell.Stratum, cell.Outcomes.AsSpan());
            }
        }

        AddFirstHalf(epoch.FirstHalf.AsSpan());
        foreach (var cell in epoch.Latencies)
        {
            AddLatencies(cell.Arm, cell.Replica, cell.Bins.AsSpan(), cell.Counts.AsSpan());
            if (LatencyHistory is { } history)
            {
                AddToHistory(cell, history.At(epoch.Bucket));
            }
        }

        foreach (var cell in epoch.Scores)
        {
            Sparse.Each(cell.Steps, (step, count) => AddScore((cell.Name, cell.Arm, cell.Replica), step, count));
        }

        if (!epoch.Cells.IsEmpty)
        {
            _history[group].Add(epoch.Bucket, epoch.Cells.AsSpan());
        }
    }

    internal void AddScore((string Name, Arm Arm, int Replica) of, int step, long count)
    {
        if (!_scores.TryGetValue(of, out var counts))
        {
            _scores.Add(of, counts = new());
        }

        counts.Add(step, count);
    }

    /// <summary>Adds what copies to a release showed.</summary>
    internal void Add(string release, ShadowCounts counts) =>
        _shadows[release] = _shadows.TryGetValue(release, out var known) ? known.Plus(counts) : counts;

    internal void AddFirstHalf(ReadOnlySpan<long> outcomes)
    {
        for (var y = 0; y < outcomes.Length; y++)
        {
            _firstHalf[y] += outcomes[y];
        }
    }

    /// <summary>Begins to count latencies over time, unless that has begun.</summary>
    internal void CutLatencies(ImmutableArray<int> cuts)
    {
        if (LatencyHistory is null && !cuts.IsEmpty)
        {
            (LatencyCuts, LatencyHistory) = (cuts, new(cuts.Length + 1));
        }
    }

    private void AddToHistory(LatencyCell cell, CountTable counts)
    {
        Span<long> between = stackalloc long[LatencyCuts.Length + 1];
        between.Clear();
        for (var i = 0; i < cell.Bins.Length; i++)
        {
            var cut = 0;
            while (cut < LatencyCuts.Length && cell.Bins[i] > LatencyCuts[cut])
            {
                cut++;
            }

            between[cut] += cell.Counts[i];
        }

        counts.Add(cell.Arm, stratum: 0, between);
    }

    internal void AddLatencies(Arm arm, int replica, ReadOnlySpan<int> bins, ReadOnlySpan<long> counts)
    {
        (_latencies[(int)arm] ??= new()).Add(bins, counts);
        (_latenciesOfReplicas[(int)arm, replica] ??= new()).Add(bins, counts);
    }
}
