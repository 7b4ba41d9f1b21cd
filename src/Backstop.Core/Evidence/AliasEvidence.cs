using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>All evidence of one alias: merges batches of any number of gateways, in any order, each once.</summary>
/// <remarks>
/// The state is sums of integers and a set of batch names, so merging is commutative, associative and idempotent: late,
/// doubled and reordered batches end in the same state, and every verdict can be computed again from it, bit for bit.
/// It is mutable, for one owner at a time.
/// </remarks>
public sealed class AliasEvidence
{
    // When old stages are folded together they keep the weight of this many requests at most: the world moves on.
    private const long MostPast = 100_000;

    // Below that, the quantiles between which latencies are compared would be anybody's guess.
    private const long FewestLatencies = 200;

    private readonly SortedDictionary<EvidenceKey, StageEvidence> _stages = [];
    private readonly SortedDictionary<EvidenceKey, ControlRates> _frozen = [];
    private readonly Dictionary<(string Gateway, string Start), SequenceSet> _seen = [];
    private readonly SortedDictionary<string, ScoreCounts> _pastScores = new(StringComparer.Ordinal);
    private StageEvidence? _latest;
    private EvidenceTables? _tables;

    /// <summary>Evidence of an alias that has seen nothing.</summary>
    public AliasEvidence(string alias) => Alias = alias;

    /// <summary>The alias.</summary>
    public string Alias { get; }

    /// <summary>The stages with evidence, oldest first.</summary>
    public IReadOnlyCollection<StageEvidence> Stages => _stages.Values;

    /// <summary>The rates frozen when a stage began.</summary>
    public IReadOnlyDictionary<EvidenceKey, ControlRates> Frozen => _frozen;

    /// <summary>Which batches were merged, by gateway and start.</summary>
    public IReadOnlyDictionary<(string Gateway, string Start), SequenceSet> Seen => _seen;

    /// <summary>Counts of trusted releases in stages that were forgotten; the baseline's row holds them.</summary>
    public CountTable Past { get; } = CountTable.OfOutcomes();

    /// <summary>Latencies of trusted releases in stages that were forgotten.</summary>
    public LatencyCounts PastLatencies { get; } = new();

    /// <summary>By name: how answers of trusted releases were scored in stages that were forgotten.</summary>
    public IReadOnlyDictionary<string, ScoreCounts> PastScores => _pastScores;

    /// <summary>What the baseline showed against itself so far. Kept with the evidence, and set by who looks: it depends on when that is.</summary>
    public SelfComparison Self { get; set; } = SelfComparison.None;

    /// <summary>Merges what a batch says about this alias; false when this batch was merged before.</summary>
    public bool Merge(SignalBatch batch)
    {
        var name = (batch.GatewayId, batch.StartId);
        if (!_seen.TryGetValue(name, out var seen))
        {
            _seen.Add(name, seen = new());
        }

        if (!seen.Add(batch.Sequence))
        {
            return false;
        }

        foreach (var epoch in batch.Epochs)
        {
            if (epoch.Key.Alias == Alias)
            {
                StageOf(epoch.Key).Add(epoch);
            }
        }

        foreach (var shadow in batch.Shadows)
        {
            if (shadow.Key.Alias == Alias)
            {
                StageOf(shadow.Key).Add(shadow.Release, shadow.Counts);
            }
        }

        foreach (var units in batch.Units)
        {
            if (units.Key.Alias == Alias)
            {
                StageOf(units.Key).BaselineUnits.Merge(units.Baseline);
            }
        }

        return true;
    }

    /// <summary>What copies to a release showed in all of these stages.</summary>
    public ShadowCounts Shadowed(string release, params IEnumerable<EvidenceKey> stages) =>
        stages.Aggregate(ShadowCounts.None, (sum, key) => Find(key)?.Shadows.GetValueOrDefault(release) is { } seen ? sum.Plus(seen) : sum);

    /// <summary>The evidence of a stage, or null when there is none yet.</summary>
    public StageEvidence? Find(EvidenceKey key) => _stages.GetValueOrDefault(key);

    /// <summary>Freezes the control rates that a stage will be judged around. The first call for a stage counts.</summary>
    /// <remarks>
    /// To be called when the stage's swap is committed. Only older stages are used, so a repeated or late call after a crash
    /// is harmless.
    /// </remarks>
    /// <param name="latencyMargin">How much longer the tested arm may take, as a share; null where latency is not judged.</param>
    public ControlRates Begin(EvidenceKey stage, double? latencyMargin = null)
    {
        if (!_frozen.TryGetValue(stage, out var rates))
        {
            rates = RatesBefore(stage);
            if (latencyMargin is { } margin && rates.Latency is { } latency)
            {
                rates = rates with { Latency = latency with { Shift = LatencyCounts.BinsOf(margin) } };
            }

            _frozen.Add(stage, rates);
            Find(stage)?.CutLatencies(rates.Latency?.Cuts ?? []);
        }

        return rates;
    }

    /// <summary>The rates a stage is judged around: the frozen ones, or those of the older stages when nobody froze any.</summary>
    public ControlRates RatesFor(EvidenceKey stage) => _frozen.TryGetValue(stage, out var rates) ? rates : RatesBefore(stage);

    /// <summary>Folds every stage before <paramref name="stage"/> into the history of control rates.</summary>
    public void ForgetBefore(EvidenceKey stage)
    {
        foreach (var (key, old) in _stages.TakeWhile(s => s.Key < stage).ToList())
        {
            AddControl(old, Past, PastLatencies, _pastScores);
            _stages.Remove(key);
            _frozen.Remove(key);
        }

        _latest = null;
        Past.Fade(MostPast);
        PastLatencies.Fade(MostPast);
        foreach (var past in _pastScores.Values)
        {
            past.Fade(MostPast);
        }
    }

    private ControlRates RatesBefore(EvidenceKey stage)
    {
        var (counts, latencies, scores) = (CountTable.OfOutcomes(), new LatencyCounts(), new SortedDictionary<string, ScoreCounts>(StringComparer.Ordinal));
        counts.Add(Past);
        latencies.Add(PastLatencies);
        foreach (var (name, past) in _pastScores)
        {
            scores.Add(name, new());
            scores[name].Add(past);
        }

        foreach (var (_, older) in _stages.TakeWhile(s => s.Key < stage))
        {
            AddControl(older, counts, latencies, scores);
        }

        return ControlRates.From(counts, Arm.Baseline) with
        {
            Latency = latencies.Total >= FewestLatencies ? LatencyBins.From(latencies) : null,
            Scores = scores.Where(s => s.Value.Total > 0).ToImmutableSortedDictionary(s => s.Key, s => s.Value.Mean!.Value, StringComparer.Ordinal),
            ScoreUnits = scores.ToImmutableSortedDictionary(s => s.Key, s => s.Value.Total, StringComparer.Ordinal),
        };
    }

    private static void AddControl(StageEvidence stage, CountTable to, LatencyCounts latencies, SortedDictionary<string, ScoreCounts> scores)
    {
        foreach (var ((name, arm, _), counts) in stage.AllScores)
        {
            if (arm == stage.Control)
            {
                if (!scores.TryGetValue(name, out var sum))
                {
                    scores.Add(name, sum = new());
                }

                sum.Add(counts);
            }
        }

        if (stage.Latencies(stage.Control) is { } took)
        {
            latencies.Add(took);
        }

        for (var stratum = 0; stratum < CountTable.Strata; stratum++)
        {
            to.Add(Arm.Baseline, stratum, stage.Outcomes(EvidenceGroup.Quality).Of(stage.Control, stratum));
        }
    }

    /// <summary>The tests of a contrast, kept between looks: a cache, no part of the state.</summary>
    internal EvidenceTables TablesFor(EvidencePlan plan, ImmutableArray<ContrastStage> stages)
    {
        ImmutableArray<ControlRates> rates = [.. stages.Select(s => RatesFor(s.Key))];
        return _tables is { } kept && kept.Fit(plan, stages, rates) ? kept : _tables = new(plan, stages, rates);
    }

    internal void Restore(EvidenceSnapshot.Source source) =>
        _seen[(source.Gateway, source.Start)] = new(source.Floor, source.Above);

    internal void Restore(string name, ScoreCounts past) => _pastScores[name] = past;

    internal void Restore(EvidenceKey stage, ControlRates rates) => _frozen[stage] = rates;

    internal StageEvidence StageOf(EvidenceKey key)
    {
        if (_latest is { } latest && latest.Key == key)
        {
            return latest;
        }

        if (!_stages.TryGetValue(key, out var stage))
        {
            _stages.Add(key, stage = new(key));
            stage.CutLatencies(_frozen.GetValueOrDefault(key)?.Latency?.Cuts ?? []);
        }

        return _latest = stage;
    }
}
