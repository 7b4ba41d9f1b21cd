using System.Buffers;
using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>The tests of one contrast under one plan. Built once; they change only when a stage is added.</summary>
public sealed class EvidenceTables
{
    // Where nothing is known, the middle is the least wrong.
    private const double UnknownScore = 0.5;

    private readonly EvidencePlan _plan;
    private readonly ImmutableArray<ContrastStage> _stages;
    private readonly ImmutableArray<ControlRates> _rates;
    private readonly CeilingWatch?[] _watches = new CeilingWatch?[CountTable.Arms];
    private readonly Dictionary<(EvidenceGroup Group, string Parts), JointTable> _without = [];
    private readonly HistogramTable?[] _latency;
    private readonly Dictionary<(int Stage, string Score), ScoreTable> _scores = [];
    private byte[]? _design;

    /// <summary>Builds the tests of some stages, each judged around its own rates.</summary>
    public EvidenceTables(EvidencePlan plan, ImmutableArray<ContrastStage> stages, ImmutableArray<ControlRates> rates)
    {
        (_plan, _stages, _rates, _latency) = (plan, stages, rates, new HistogramTable?[stages.Length]);
        Joint = [.. Enum.GetValues<EvidenceGroup>().Select(g => BuildJoint(g, [.. stages.Select(s => s.TestedShare)]))];
        Ceiling = BuildCeiling();
    }

    /// <summary>By group: the two-arm table.</summary>
    public ImmutableArray<JointTable> Joint { get; }

    /// <summary>The one-arm test of the newest stage, and the strata it covers; null for want of history.</summary>
    public (CeilingTest Test, ImmutableArray<int> Strata)? Ceiling { get; }

    /// <summary>Whether these tables are the ones of a plan, stages and rates.</summary>
    public bool Fit(EvidencePlan plan, ImmutableArray<ContrastStage> stages, ImmutableArray<ControlRates> rates) =>
        ReferenceEquals(plan, _plan) && stages.AsSpan().SequenceEqual(_stages.AsSpan())
        && rates.Zip(_rates, ReferenceEquals).All(same => same);

    /// <summary>The bins in which a stage's latencies are compared; null when they are not, by the plan or for want of history.</summary>
    internal LatencyBins? LatencyBinsOf(int stage) => _plan.LatencyMargin is null ? null : _rates[stage].Latency;

    /// <summary>The one-sided table of those bins, for what remains when a part of the tested arm's requests is left out.</summary>
    /// <param name="part">In <see cref="Replicas.Parts"/>.</param>
    internal HistogramTable LatencyTableOf(int stage, int part)
    {
        ref var whole = ref _latency[stage];
        return part > 0 ? Build() : whole ??= Build();

        HistogramTable Build() => new(
            ReplicaTest.ShareWithout(_stages[stage].TestedShare, (double)part / Replicas.Parts),
            _rates[stage].Latency!.Masses,
            _plan.Margins[(int)Outcome.Error] + _plan.Margins[(int)Outcome.Late]);
    }

    /// <summary>The table of a score that is judged, for what remains when a part of the tested arm's requests is left out.</summary>
    /// <param name="part">In <see cref="Replicas.Parts"/>.</param>
    internal ScoreTable ScoreTableOf(Contrast contrast, int stage, ScoreRule rule, int part)
    {
        if (part > 0)
        {
            return Build();
        }

        if (!_scores.TryGetValue((stage, rule.Name), out var whole))
        {
            _scores.Add((stage, rule.Name), whole = Build());
        }

        return whole;

        ScoreTable Build() => new(
            ReplicaTest.ShareWithout(rule.TestedShare(_stages[stage], contrast), (double)part / Replicas.Parts),
            _rates[stage].Scores.GetValueOrDefault(rule.Name, UnknownScore),
            rule.UnitMargin!.Value);
    }

    /// <summary>The one-arm detector of an arm in the newest stage, as far as it has looked; null for want of history.</summary>
    internal CeilingWatch? WatchOf(Arm arm) =>
        Ceiling is var (test, strata) ? _watches[(int)arm] ??= new(test, strata, arm) : null;

    /// <summary>What the tests were built from, for <see cref="EvidenceDigest"/>.</summary>
    internal ReadOnlySpan<byte> Design => _design ??= EvidenceDigest.OfDesign(_plan, _stages, _rates);

    /// <summary>Where it writes what it names: looks come several times a second, and the place stays.</summary>
    internal ArrayBufferWriter<byte> Text { get; } = new(16 * 1024);

    /// <summary>The two-arm table for what remains when a part of the tested arm's requests is left out.</summary>
    /// <param name="parts">By stage: the part, in <see cref="Replicas.Parts"/>.</param>
    internal JointTable Without(EvidenceGroup group, ImmutableArray<int> parts)
    {
        const int most = 64;
        var key = (group, string.Join(' ', parts));
        if (!_without.TryGetValue(key, out var table))
        {
            if (_without.Count == most)
            {
                _without.Clear();
            }

            _without.Add(key, table = BuildJoint(
                group, [.. _stages.Zip(parts, (s, part) => ReplicaTest.ShareWithout(s.TestedShare, (double)part / Replicas.Parts))]));
        }

        return table;
    }

    private JointTable BuildJoint(EvidenceGroup group, ImmutableArray<double> shares)
    {
        var layout = OutcomeLayout.Of(group);
        return new(new TableDesign
        {
            Stages = [.. shares.Zip(_rates, (share, r) => new TableStage(share, [.. r.Rates.Select(layout.Pick)]))],
            Margins = layout.Pick(_plan.Margins),
            TotalMargin = _plan.TotalMargin,
            Levels = [.. layout.Bad.Select((_, y) => layout.IsTilted(y) ? default(ImmutableArray<double>) : [])],
            Solo = layout.Solo,
        });
    }

    private (CeilingTest Test, ImmutableArray<int> Strata)? BuildCeiling()
    {
        var layout = OutcomeLayout.Of(EvidenceGroup.Quality);
        var rates = _rates[^1];
        ImmutableArray<int> strata = [.. Enumerable.Range(0, CountTable.Strata).Where(s => rates.Units[s] >= _plan.MinHistory)];
        if (strata.IsEmpty)
        {
            return null;
        }

        ImmutableArray<ImmutableArray<double>> ceilings =
            [.. strata.Select(s => Fitted(layout.Bad.Select(o => CeilingOf(rates.Rates[s][(int)o], rates.Units[s], _plan.CeilingMargins[(int)o]))))];
        ImmutableArray<ImmutableArray<double>> levels =
            [.. layout.Bad.Select((_, y) => layout.IsTilted(y) ? LevelsOf(ceilings[0][y]) : [])];
        return (new(ceilings, levels, solo: layout.Solo), strata);
    }

    // Three standard errors above a rate that is itself only estimated: a short history must not raise alarms.
    private static double CeilingOf(double rate, long units, double margin) =>
        rate + margin + (3 * Math.Sqrt(rate * (1 - rate) / (units + ControlRates.PriorWeight)));

    private static ImmutableArray<double> Fitted(IEnumerable<double> ceilings)
    {
        const double most = 0.95;
        double[] all = [.. ceilings];
        var scale = Math.Min(1, most / all.Sum());
        return [.. all.Select(c => c * scale)];
    }

    private static ImmutableArray<double> LevelsOf(double ceiling) => ceiling switch
    {
        >= 0.05 => [1.25, 1.6, 2.6],
        >= 0.02 => [1.5, 3, 8],
        _ => [4, 20, 100],
    };
}
