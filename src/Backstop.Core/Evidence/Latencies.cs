namespace Backstop.Core.Evidence;

/// <summary>The evidence of <see cref="HistogramTable"/> over the stages of a contrast.</summary>
internal static class Latencies
{
    private static readonly LatencyCounts Nothing = new();

    /// <summary>What is known of the arms' latencies; null when nothing is.</summary>
    public static LatencyEvidence? Judge(Look look)
    {
        var (tested, control) = (Sum(look, look.Contrast.Tested), Sum(look, look.Contrast.Control));
        if (tested.Total + control.Total == 0)
        {
            return null;
        }

        var (arms, isJudged) = ((Tested: ArmLatency.Of(tested), Control: ArmLatency.Of(control)), false);
        for (var stage = 0; stage < look.Stages.Length; stage++)
        {
            isJudged |= look.Tables.LatencyBinsOf(stage) is not null;
        }

        if (!isJudged)
        {
            return new(0, null, null, arms.Tested, arms.Control);
        }

        var logE = LogE(look, leftOut: 0);
        var threshold = look.Plan.LogLatencyThreshold;
        return logE < threshold
            ? new(logE, threshold, null, arms.Tested, arms.Control)
            : new(logE, threshold, ByReplica(look, logE), arms.Tested, arms.Control) { ConfirmationLogE = Confirmation.LogEOfLatency(look) };
    }

    private static ReplicaVerdict ByReplica(Look look, double whole)
    {
        int[] numbers = [.. Enumerable.Range(1, ReplicaTest.Most).Where(r => look.Stages.Any(s => s?.Latencies(look.Contrast.Tested, r)?.Total > 0))];
        return numbers.Length < 2 ? new(whole, Sick: null) : ReplicaTest.Least(numbers, r => LogE(look, leftOut: r));
    }

    /// <summary>The evidence in nats, over the stages that have a history.</summary>
    /// <param name="leftOut">The number of a replica of the tested arm that is left out; 0 for none.</param>
    private static double LogE(Look look, int leftOut)
    {
        double[]? logs = null;
        for (var stage = 0; stage < look.Stages.Length; stage++)
        {
            if (look.Stages[stage] is not { } found || look.Tables.LatencyBinsOf(stage) is not { } bins)
            {
                continue;
            }

            var part = leftOut == 0 ? 0 : Replicas.PartOf(found.Latencies(look.Contrast.Tested, leftOut)?.Total ?? 0, found.Latencies(look.Contrast.Tested)?.Total ?? 0);
            var table = look.Tables.LatencyTableOf(stage, part);
            logs ??= table.Increments.LogWeights.ToArray();
            table.Increments.Add(Counts(look, found, bins, leftOut), logs);
        }

        return logs is null ? 0 : SpecialFunctions.LogSumExp(logs);
    }

    private static long[] Counts(Look look, StageEvidence stage, LatencyBins bins, int leftOut)
    {
        var counts = new long[2 * bins.Masses.Length];
        if (stage.Latencies(look.Contrast.Control) is { } ofControl)
        {
            bins.Gather(ofControl, shift: 0, counts.AsSpan(0, bins.Masses.Length));
        }

        // The margin: what the tested arm takes is made shorter before it is compared.
        var shift = LatencyCounts.BinsOf(look.Plan.LatencyMargin ?? 0);
        for (var replica = 0; replica <= ReplicaTest.Most; replica++)
        {
            if ((replica != leftOut || leftOut == 0) && stage.Latencies(look.Contrast.Tested, replica) is { } some)
            {
                bins.Gather(some, shift, counts.AsSpan(bins.Masses.Length));
            }
        }

        return counts;
    }

    // Nearly always a single stage has an arm's latencies: then nothing is added up.
    private static LatencyCounts Sum(Look look, Routing.Arm arm)
    {
        LatencyCounts? only = null, sum = null;
        foreach (var stage in look.Stages)
        {
            if (stage?.Latencies(arm) is not { } some)
            {
                continue;
            }

            if (only is null)
            {
                only = some;
                continue;
            }

            if (sum is null)
            {
                sum = new();
                sum.Add(only);
            }

            sum.Add(some);
        }

        return sum ?? only ?? Nothing;
    }
}
