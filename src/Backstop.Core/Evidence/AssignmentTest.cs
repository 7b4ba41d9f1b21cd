namespace Backstop.Core.Evidence;

/// <summary>Decides, at any time, whether arms were drawn with other probabilities than planned (a sample-ratio mismatch).</summary>
/// <remarks>
/// Dirichlet–multinomial mixture against the plan (Lindon and Malek, 2022). Two-sided. When it fires the comparison cannot be
/// trusted: a tested share below plan makes every test that uses the share see regressions that are not there.
/// </remarks>
public static class AssignmentTest
{
    /// <summary>How concentrated the alternatives are around the plan.</summary>
    public const double DefaultConcentration = 100;

    /// <summary>The evidence in nats against the planned probabilities.</summary>
    /// <param name="counts">How many units each arm got.</param>
    /// <param name="planned">The planned probability of each arm; they sum to 1.</param>
    /// <param name="concentration">Weight of the plan in the alternatives' prior, in units.</param>
    public static double LogE(ReadOnlySpan<double> counts, ReadOnlySpan<double> planned, double concentration = DefaultConcentration)
    {
        var total = 0.0;
        var log = 0.0;
        for (var i = 0; i < counts.Length; i++)
        {
            total += counts[i];
            log += SpecialFunctions.LogGamma((concentration * planned[i]) + counts[i])
                - SpecialFunctions.LogGamma(concentration * planned[i]) - (counts[i] * Math.Log(planned[i]));
        }

        return log + SpecialFunctions.LogGamma(concentration) - SpecialFunctions.LogGamma(concentration + total);
    }
}
