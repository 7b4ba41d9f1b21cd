using System.Collections.Immutable;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence.Scores;

/// <summary>The evidence of <see cref="ScoreTable"/> over the stages of a contrast.</summary>
internal static class ScoreLook
{
    /// <summary>What is known of each score of the plan, in its order.</summary>
    public static ImmutableArray<ScoreEvidence> Judge(Look look) =>
        look.Plan.Scores.IsEmpty ? [] : [.. look.Plan.Scores.Select(rule => Judge(look, rule))];

    private static ScoreEvidence Judge(Look look, ScoreRule rule)
    {
        var arms = (Tested: Sum(look, rule, look.Contrast.Tested), Control: Sum(look, rule, look.Contrast.Control));
        if (rule.Margin is null)
        {
            return new(rule.Name, 0, null, IsUneven: false, null, arms.Tested, arms.Control) { Lately = Lately(look, rule) };
        }

        var logE = LogE(look, rule, leftOut: 0);
        var threshold = look.Plan.LogScoreThreshold;
        return new(
            rule.Name, logE, threshold, IsUneven(look, rule), logE >= threshold ? ByReplica(look, rule, logE) : null, arms.Tested, arms.Control)
        {
            Lately = Lately(look, rule),
        };
    }

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

        return new(Sum(look, rule, look.Contrast.Tested, first), Sum(look, rule, look.Contrast.Control, first));
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
                log += AssignmentTest.LogE([TotalOf(found, rule, look.Contrast.Tested), TotalOf(found, rule, look.Contrast.Control)], [share, 1 - share]);
            }
        }

        return log >= -Math.Log(look.Plan.AssignmentAlpha);
    }

    private static ReplicaVerdict ByReplica(Look look, ScoreRule rule, double whole)
    {
        int[] numbers = [.. Enumerable.Range(1, ReplicaTest.Most).Where(r => look.Stages.Any(s => s?.Scores(rule.Name, look.Contrast.Tested, r)?.Total > 0))];
        return numbers.Length < 2 ? new(whole, Sick: null) : ReplicaTest.Least(numbers, r => LogE(look, rule, leftOut: r));
    }

    /// <summary>The evidence in nats.</summary>
    /// <param name="leftOut">The number of a replica of the tested arm that is left out; 0 for none.</param>
    private static double LogE(Look look, ScoreRule rule, int leftOut)
    {
        double[]? logs = null;
        var counts = new long[2 * ScoreCounts.Steps];
        for (var stage = 0; stage < look.Stages.Length; stage++)
        {
            if (look.Stages[stage] is not { } found)
            {
                continue;
            }

            var part = leftOut == 0 ? 0 : Replicas.PartOf(found.Scores(rule.Name, look.Contrast.Tested, leftOut)?.Total ?? 0, TotalOf(found, rule, look.Contrast.Tested));
            var table = look.Tables.ScoreTableOf(look.Contrast, stage, rule, part);
            logs ??= table.Increments.LogWeights.ToArray();
            Array.Clear(counts);
            Gather(found, rule, look.Contrast.Control, leftOut: 0, counts.AsSpan(0, ScoreCounts.Steps));
            Gather(found, rule, look.Contrast.Tested, leftOut, counts.AsSpan(ScoreCounts.Steps));
            table.Increments.Add(counts, logs);
        }

        return logs is null ? 0 : SpecialFunctions.LogSumExp(logs);
    }

    private static void Gather(StageEvidence stage, ScoreRule rule, Arm arm, int leftOut, Span<long> counts)
    {
        for (var replica = 0; replica <= ReplicaTest.Most; replica++)
        {
            if ((replica != leftOut || leftOut == 0) && stage.Scores(rule.Name, arm, replica) is { } some)
            {
                for (var step = 0; step < counts.Length; step++)
                {
                    counts[step] += some.All[step];
                }
            }
        }
    }

    private static long TotalOf(StageEvidence stage, ScoreRule rule, Arm arm)
    {
        var total = 0L;
        for (var replica = 0; replica <= ReplicaTest.Most; replica++)
        {
            total += stage.Scores(rule.Name, arm, replica)?.Total ?? 0;
        }

        return total;
    }

    private static ArmScore Sum(Look look, ScoreRule rule, Arm arm, int first = 0)
    {
        var sum = new ScoreCounts();
        foreach (var stage in look.Stages.Skip(first))
        {
            for (var replica = 0; stage is not null && replica <= ReplicaTest.Most; replica++)
            {
                if (stage.Scores(rule.Name, arm, replica) is { } some)
                {
                    sum.Add(some);
                }
            }
        }

        return new(sum.Total, sum.Mean is { } badness ? rule.ValueOf(badness) : null) { Badness = sum.Mean };
    }
}
