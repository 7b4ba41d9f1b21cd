using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>The baseline against itself, again and again: how often the monitors cry wolf on this alias's own traffic.</summary>
/// <remarks>
/// Units are drawn for one of two halves that differ in nothing, and the halves are compared as a candidate and its baseline
/// would be. Whatever fires is false. Where nothing breaks the assumptions of the tests, the strict table reaches 10 in at most a
/// tenth of the comparisons and 100 in at most a hundredth (Ville); clearly more means that requests are not what the tests
/// take them for, most often that those of one user resemble each other and are assigned one by one.
/// </remarks>
/// <param name="Comparisons">How many are over.</param>
/// <param name="AboveTen">In how many of them the strict table reached 10.</param>
/// <param name="AboveHundred">In how many it reached 100.</param>
/// <param name="FalseAlarms">In how many the table with the plan's margins reached what it needs for a rollback.</param>
/// <param name="Running">The one that goes on, or null.</param>
public sealed record SelfComparison(long Comparisons, long AboveTen, long AboveHundred, long FalseAlarms, SelfComparison.Open? Running)
{
    /// <summary>Requests of both halves after which a comparison is over and the next begins.</summary>
    public const long Length = 10_000;

    /// <summary>Nothing compared yet.</summary>
    public static SelfComparison None { get; } = new(0, 0, 0, 0, Running: null);

    /// <summary>One comparison that goes on.</summary>
    /// <param name="Epoch">The stage it is of: a new one begins a new comparison.</param>
    /// <param name="FirstHalf">By outcome: the first half's counts when it began.</param>
    /// <param name="Whole">By outcome: the baseline's.</param>
    /// <param name="Highest">The most the strict table's evidence has been, in nats.</param>
    /// <param name="HasAlarmed">Whether the table with margins has reached its threshold.</param>
    public sealed record Open(long Epoch, long Generation, ImmutableArray<long> FirstHalf, ImmutableArray<long> Whole, double Highest, bool HasAlarmed);

    /// <summary>Looks at the counts of a stage.</summary>
    /// <param name="tables">Those of the stage.</param>
    public SelfComparison Look(StageEvidence stage, SelfTables tables)
    {
        var whole = BaselineOf(stage);
        if (Running is not { } open || open.Epoch != stage.Key.Epoch || open.Generation != stage.Key.Generation)
        {
            return Close() with { Running = new(stage.Key.Epoch, stage.Key.Generation, [.. stage.FirstHalf], [.. whole], double.MinValue, HasAlarmed: false) };
        }

        var (units, counts) = (0L, new long[tables.Strict.Cells]);
        Span<long> first = stackalloc long[whole.Length];
        Span<long> second = stackalloc long[whole.Length];
        for (var y = 0; y < whole.Length; y++)
        {
            first[y] = stage.FirstHalf[y] - open.FirstHalf[y];
            second[y] = whole[y] - open.Whole[y] - first[y];
            units += first[y] + second[y];
        }

        var layout = OutcomeLayout.Of(EvidenceGroup.Quality);
        layout.Gather(second, counts.AsSpan(0, layout.Categories));
        layout.Gather(first, counts.AsSpan(layout.Categories));
        var next = this with
        {
            Running = open with
            {
                Highest = Math.Max(open.Highest, tables.Strict.LogE(counts)),
                HasAlarmed = open.HasAlarmed || tables.Configured.LogE(counts) >= tables.LogThreshold,
            },
        };
        return units >= Length
            ? next.Close() with { Running = open with { FirstHalf = [.. stage.FirstHalf], Whole = [.. whole], Highest = double.MinValue, HasAlarmed = false } }
            : next;
    }

    // A comparison that a new stage cuts short counts like the others: when it is cut does not depend on what it showed.
    private SelfComparison Close() => Running is { Highest: > double.MinValue } open
        ? new(
            Comparisons + 1,
            AboveTen + (open.Highest >= Math.Log(10) ? 1 : 0),
            AboveHundred + (open.Highest >= Math.Log(100) ? 1 : 0),
            FalseAlarms + (open.HasAlarmed ? 1 : 0),
            Running: null)
        : this with { Running = null };

    private static long[] BaselineOf(StageEvidence stage)
    {
        var whole = new long[CountTable.OutcomeCount];
        for (var y = 0; y < whole.Length; y++)
        {
            whole[y] = stage.Outcomes(EvidenceGroup.Quality).Total(Routing.Arm.Baseline, y);
        }

        return whole;
    }
}

/// <summary>The two tables by which the halves of a stage's baseline are compared.</summary>
public sealed class SelfTables
{
    /// <summary>Builds them around what is known of the baseline.</summary>
    public SelfTables(EvidencePlan plan, ControlRates rates)
    {
        (Strict, Configured) = (Build(plan.Strict(), rates), Build(plan, rates));
        LogThreshold = plan.LogThreshold(EvidenceGroup.Quality);
    }

    /// <summary>Without margins: under the null its mean is exactly 1.</summary>
    public JointTable Strict { get; }

    /// <summary>With the plan's margins.</summary>
    public JointTable Configured { get; }

    /// <summary>What the configured table must reach to roll back, in nats.</summary>
    public double LogThreshold { get; }

    private static JointTable Build(EvidencePlan plan, ControlRates rates)
    {
        var layout = OutcomeLayout.Of(EvidenceGroup.Quality);
        return new(new TableDesign
        {
            Stages = [new TableStage(0.5, [layout.Pick(rates.Rates[0])])],
            Margins = layout.Pick(plan.Margins),
            TotalMargin = plan.TotalMargin,
            Levels = [.. layout.Bad.Select((_, y) => layout.IsTilted(y) ? default(ImmutableArray<double>) : [])],
            Solo = layout.Solo,
        });
    }
}
