using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>The tests of one contrast under one plan. Built once; they change only when a stage is added.</summary>
public sealed class EvidenceTables
{
    private readonly EvidencePlan _plan;
    private readonly ImmutableArray<ContrastStage> _stages;
    private readonly ImmutableArray<ControlRates> _rates;

    /// <summary>Builds the tests of some stages, each judged around its own rates.</summary>
    public EvidenceTables(EvidencePlan plan, ImmutableArray<ContrastStage> stages, ImmutableArray<ControlRates> rates)
    {
        (_plan, _stages, _rates) = (plan, stages, rates);
        Joint = [.. Enum.GetValues<EvidenceGroup>().Select(BuildJoint)];
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

    private JointTable BuildJoint(EvidenceGroup group)
    {
        var layout = OutcomeLayout.Of(group);
        return new(new TableDesign
        {
            Stages = [.. _stages.Zip(_rates, (s, r) => new TableStage(s.TestedShare, [.. r.Rates.Select(layout.Pick)]))],
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
