using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>One look at a contrast: what is compared, by which tests, on which counts.</summary>
/// <param name="Stages">The evidence of the contrast's stages, in their order; null where there is none yet.</param>
internal sealed record Look(Contrast Contrast, EvidencePlan Plan, EvidenceTables Tables, ImmutableArray<StageEvidence?> Stages)
{
    /// <summary>Looks at everything known so far.</summary>
    public static Look At(AliasEvidence evidence, Contrast contrast, EvidencePlan plan)
    {
        var stages = ImmutableArray.CreateBuilder<StageEvidence?>(contrast.Stages.Length);
        foreach (var stage in contrast.Stages)
        {
            stages.Add(evidence.Find(stage.Key));
        }

        return new(contrast, plan, evidence.TablesFor(plan, contrast.Stages), stages.MoveToImmutable());
    }

    /// <summary>When the newest bucket ended, or null when there is none.</summary>
    public DateTimeOffset? NewestAt => Stages.Max(s => s?.NewestAt);

    /// <summary>Two-arm evidence of one group.</summary>
    public GroupEvidence TwoArms(EvidenceGroup group)
    {
        var units = 0L;
        foreach (var stage in Stages)
        {
            units += stage?.Outcomes(group) is { } outcomes ? outcomes.Total(Contrast.Tested) + outcomes.Total(Contrast.Control) : 0;
        }

        return new(group, Tables.Joint[(int)group].LogE(Counts(group, stage => stage.Outcomes(group))), Plan.LogThreshold(group), units);
    }

    /// <summary>Counts as the two-arm table of a group takes them.</summary>
    /// <param name="of">The counts of a stage that are meant; null for none.</param>
    /// <param name="testedOnly">Whether the control's stay 0.</param>
    public long[] Counts(EvidenceGroup group, Func<StageEvidence, CountTable?> of, bool testedOnly = false)
    {
        var (layout, table) = (OutcomeLayout.Of(group), Tables.Joint[(int)group]);
        var counts = new long[table.Cells];
        for (var stage = 0; stage < Stages.Length; stage++)
        {
            if (Stages[stage] is not { } found || of(found) is not { } outcomes)
            {
                continue;
            }

            for (var stratum = 0; stratum < CountTable.Strata; stratum++)
            {
                Gather(Contrast.Tested, tested: true);
                if (!testedOnly)
                {
                    Gather(Contrast.Control, tested: false);
                }

                void Gather(Arm arm, bool tested) =>
                    layout.Gather(outcomes.Of(arm, stratum), counts.AsSpan(table.CellOf(stage, stratum, tested, 0), layout.Categories));
            }
        }

        return counts;
    }

    /// <summary>What one arm did, beside the ceiling that history sets in the newest stage.</summary>
    /// <param name="group">Whose requests count: those whose answers were seen, or those whose labels are known too.</param>
    public ArmEvidence OneArm(Arm arm, EvidenceGroup group)
    {
        var counts = new long[CountTable.OutcomeCount];
        var units = 0L;
        foreach (var stage in Stages)
        {
            for (var y = 0; stage is not null && y < counts.Length; y++)
            {
                var n = stage.Outcomes(group).Total(arm, y);
                counts[y] += n;
                units += n;
            }
        }

        var rates = new double[counts.Length];
        for (var y = 0; y < rates.Length; y++)
        {
            rates[y] = units == 0 ? 0 : (double)counts[y] / units;
        }

        return new(units, ImmutableCollectionsMarshal.AsImmutableArray(rates), Ceiling(arm));
    }

    /// <summary>The evidence, in nats, that the arms' sizes do not match the planned shares.</summary>
    public double Assignment()
    {
        var log = 0.0;
        for (var stage = 0; stage < Stages.Length; stage++)
        {
            if (Stages[stage]?.Outcomes(EvidenceGroup.Form) is { } counts)
            {
                var share = Contrast.Stages[stage].TestedShare;
                log += AssignmentTest.LogE([counts.Total(Contrast.Tested), counts.Total(Contrast.Control)], [share, 1 - share]);
            }
        }

        return log;
    }

    private CeilingEvidence Ceiling(Arm arm)
    {
        if (Tables.WatchOf(arm) is not { } watch || Stages[^1] is not { } stage)
        {
            return CeilingEvidence.None;
        }

        var sinceStart = watch.LogEOf(stage.Outcomes(EvidenceGroup.Quality));
        var detector = watch.LogValueOf(stage.History(EvidenceGroup.Quality));
        return new(sinceStart, detector, sinceStart >= -Math.Log(Plan.Alpha) || detector >= Math.Log(Plan.DetectorThreshold));
    }
}
