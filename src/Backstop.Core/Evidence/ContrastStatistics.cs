namespace Backstop.Core.Evidence;

/// <summary>What people want to know beside a verdict.</summary>
internal static class ContrastStatistics
{
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

    // Half an event and half a non-event more than were seen: a rate of 0 is not certain.
    private static double Variance(ArmEvidence arm, double rate)
    {
        var smoothed = ((rate * arm.Units) + 0.5) / (arm.Units + 1);
        return smoothed * (1 - smoothed) / (arm.Units + 1);
    }
}
