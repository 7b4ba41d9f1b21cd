namespace Backstop.Core.Evidence;

/// <summary>What people want to see beside a verdict: the worst outcome and the size of the difference.</summary>
internal static class ContrastStatistics
{
    private const double DisplayAlpha = 0.05;

    /// <summary>The outcome whose excess over its margin stands out most from its noise, or null when none exceeds it.</summary>
    public static Outcome? Offending(ArmEvidence tested, ArmEvidence control, EvidencePlan plan)
    {
        Outcome? worst = null;
        var most = 0.0;
        foreach (var outcome in OutcomeLayout.Of(EvidenceGroup.Quality).Bad)
        {
            var excess = tested.Rates[(int)outcome] - control.Rates[(int)outcome] - plan.Margins[(int)outcome];
            var score = excess / Math.Sqrt(Variance(tested, tested.Rates[(int)outcome]) + Variance(control, control.Rates[(int)outcome]));
            if (score > most)
            {
                (worst, most) = (outcome, score);
            }
        }

        return worst;
    }

    /// <summary>
    /// The difference of the failure rates with bounds that hold at all times at once, 95 %. Rule: Robbins' normal mixture in
    /// the asymptotic form of Waudby-Smith et al. (2024). For display: no decision rests on it.
    /// </summary>
    public static DifferenceBounds Difference(ArmEvidence tested, ArmEvidence control)
    {
        if (tested.Units == 0 || control.Units == 0)
        {
            return new(0, -1, 1);
        }

        // The mixture is tightest when a few hundred requests are in.
        const double tightestAt = 500;
        var estimate = tested.FailureRate - control.FailureRate;
        var n = (double)(tested.Units + control.Units);
        var rho = (-2 * Math.Log(DisplayAlpha / 2) + Math.Log((-2 * Math.Log(DisplayAlpha / 2)) + 1)) / tightestAt;
        var variance = Variance(tested, tested.FailureRate) + Variance(control, control.FailureRate);
        var radius = Math.Sqrt(variance * ((n * rho) + 1) / (n * rho) * ((2 * Math.Log(2 / DisplayAlpha)) + Math.Log((n * rho) + 1)));
        return new(estimate, Math.Max(-1, estimate - radius), Math.Min(1, estimate + radius));
    }

    // Half an event and half a non-event more than were seen: a rate of 0 is not certain.
    private static double Variance(ArmEvidence arm, double rate)
    {
        var smoothed = ((rate * arm.Units) + 0.5) / (arm.Units + 1);
        return smoothed * (1 - smoothed) / (arm.Units + 1);
    }
}
