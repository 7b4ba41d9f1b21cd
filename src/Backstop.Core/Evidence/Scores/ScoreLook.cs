using System.Collections.Immutable;

namespace Backstop.Core.Evidence.Scores;

/// <summary>The evidence of <see cref="ScoreTable"/> over the stages of a contrast.</summary>
internal static class ScoreLook
{
    /// <summary>What is known of each score of the plan, in its order.</summary>
    public static ImmutableArray<ScoreEvidence> Judge(Look look) =>
        look.Plan.Scores.IsEmpty ? [] : [.. look.Plan.Scores.Select(rule => Judge(look, rule))];

    private static ScoreEvidence Judge(Look look, ScoreRule rule)
    {
        var scores = Of(look, rule);
        var (tested, control) = (ScoreOf(rule, scores.Sum(look.Contrast.Tested)), ScoreOf(rule, scores.Sum(look.Contrast.Control)));
        if (rule.Margin is null)
        {
            return new(rule.Name, 0, null, IsUneven: false, null, tested, control) { Lately = Lately(look, rule) };
        }

        var logE = scores.LogE(leftOut: 0);
        var threshold = look.Plan.LogScoreThreshold;
        return new(rule.Name, logE, threshold, IsUneven(look, rule), logE >= threshold ? scores.WithoutEach(logE) : null, tested, control)
        {
            Lately = Lately(look, rule),
        };
    }

    /// <summary>The scores of one name of a look.</summary>
    public static ReplicaLook<ScoreCounts> Of(Look look, ScoreRule rule) => new(
        look,
        (stage, arm) => stage.Scores(rule.Name, arm),
        (stage, arm, replica) => stage.Scores(rule.Name, arm, replica),
        (stage, part) => look.Tables.ScoreTableOf(look.Contrast, stage, rule, part).Increments,
        (_, counts, _, cells) =>
        {
            for (var step = 0; step < cells.Length; step++)
            {
                cells[step] += counts.All[step];
            }
        });

    // Summed over a time in which one arm was scored more often at the end than at the beginning, the arms would differ by the hour alone.
    private static ScoredLately Lately(Look look, ScoreRule rule)
    {
        var stages = look.Contrast.Stages;
        var shares = stages[^1].ScoredOf(rule);
        var first = stages.Length - 1;
        while (first > 0 && stages[first - 1].ScoredOf(rule) == shares)
        {
            first--;
        }

        var scores = Of(look, rule);
        return new(ScoreOf(rule, scores.Sum(look.Contrast.Tested, first)), ScoreOf(rule, scores.Sum(look.Contrast.Control, first)));
    }

    // Who scores what he likes scores one arm more often than the other, or so it looks. Then nothing is concluded.
    private static bool IsUneven(Look look, ScoreRule rule)
    {
        var log = 0.0;
        for (var stage = 0; stage < look.Stages.Length; stage++)
        {
            if (look.Stages[stage] is { } found)
            {
                var share = rule.TestedShare(look.Contrast.Stages[stage], look.Contrast);
                log += AssignmentTest.LogE([TotalOf(found, look.Contrast.Tested), TotalOf(found, look.Contrast.Control)], [share, 1 - share]);
            }
        }

        return log >= -Math.Log(look.Plan.AssignmentAlpha);

        long TotalOf(StageEvidence stage, Routing.Arm arm) => stage.Scores(rule.Name, arm)?.Total ?? 0;
    }

    private static ArmScore ScoreOf(ScoreRule rule, ScoreCounts counts) =>
        new(counts.Total, counts.Mean is { } badness ? rule.ValueOf(badness) : null) { Badness = counts.Mean };
}
