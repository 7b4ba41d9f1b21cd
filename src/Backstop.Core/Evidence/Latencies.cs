namespace Backstop.Core.Evidence;

/// <summary>The evidence of <see cref="HistogramTable"/> over the stages of a contrast.</summary>
internal static class Latencies
{
    /// <summary>What is known of the arms' latencies; null when nothing is.</summary>
    public static LatencyEvidence? Judge(Look look)
    {
        var latencies = Of(look);
        var (tested, control) = (latencies.Sum(look.Contrast.Tested), latencies.Sum(look.Contrast.Control));
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

        var logE = latencies.LogE(leftOut: 0);
        var threshold = look.Plan.LogLatencyThreshold;
        return logE < threshold
            ? new(logE, threshold, null, arms.Tested, arms.Control)
            : new(logE, threshold, latencies.WithoutEach(logE), arms.Tested, arms.Control) { ConfirmationLogE = Confirmation.LogEOfLatency(look) };
    }

    /// <summary>The latencies of a look.</summary>
    public static ReplicaLook<LatencyCounts> Of(Look look)
    {
        // The margin: what the tested arm takes is made shorter before it is compared.
        var shift = LatencyCounts.BinsOf(look.Plan.LatencyMargin ?? 0);
        return new(
            look,
            (stage, arm) => stage.Latencies(arm),
            (stage, arm, replica) => stage.Latencies(arm, replica),
            (stage, part) => look.Tables.LatencyBinsOf(stage) is null ? null : look.Tables.LatencyTableOf(stage, part).Increments,
            (stage, counts, isTested, cells) => look.Tables.LatencyBinsOf(stage)!.Gather(counts, isTested ? shift : 0, cells));
    }
}
