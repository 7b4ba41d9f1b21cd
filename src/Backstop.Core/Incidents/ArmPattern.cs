namespace Backstop.Core.Incidents;

/// <summary>How probable each of four explanations of two arms' failures is. They sum to 1.</summary>
/// <remarks>
/// The randomised, same-time contrast decides whether rolling back helps; no other signal may. With prior ¼ each:
/// <list type="bullet">
/// <item>none: both arms at the baseline rate b;</item>
/// <item>release: the tested arm above b, the control at b;</item>
/// <item>shared: both at one rate above b;</item>
/// <item>compound: the tested arm above b, the control between b and it, by at most three quarters of what it is above b.</item>
/// </list>
/// A release that adds less than a quarter of the failures is not what broke; without that limit the compound would lie as
/// close to the shared pattern as one likes, and hundreds of requests could not tell them apart (a region of practical
/// equivalence, Kruschke 2018).
/// Unknown rates are integrated out over a grid that is finer near b, and so is b itself, normal around the baseline with the
/// wobble as its standard deviation. It means nothing when the arms' sizes do not match their planned share.
/// </remarks>
/// <param name="None">Nothing is wrong.</param>
/// <param name="Release">The tested release alone is worse.</param>
/// <param name="Shared">Both arms are worse alike: data, upstream, attack, or measurement.</param>
/// <param name="Compound">Both are worse, the tested release by a quarter of its failures or more.</param>
public sealed record ArmPattern(double None, double Release, double Shared, double Compound)
{
    private const int RateSteps = 64;
    private const int ShareSteps = 32;
    private const double MostShared = 0.75;

    /// <summary>Rolling back is advised: the release is to blame, alone or with something else.</summary>
    public bool BlamesRelease => Release + Compound >= 0.9;

    /// <summary>Rolling back is useless: both arms got worse together.</summary>
    public bool ForbidsRollback => Shared >= 0.9;

    /// <summary>Infers the pattern.</summary>
    /// <param name="failuresTested">Failures of the tested arm.</param>
    /// <param name="tested">Judged requests of the tested arm.</param>
    /// <param name="failuresControl">Failures of the control arm.</param>
    /// <param name="control">Judged requests of the control arm.</param>
    /// <param name="baseline">The failure rate when all is well, between 0 and 1.</param>
    /// <param name="wobble">Standard deviation of the baseline from day to day, at least 0.</param>
    public static ArmPattern Infer(
        long failuresTested, long tested, long failuresControl, long control, double baseline, double wobble)
    {
        (failuresTested, tested) = Capped(failuresTested, tested);
        (failuresControl, control) = Capped(failuresControl, control);

        // Likelihoods are taken relative to the best rate that any pattern allows an arm, so that they do not underflow.
        var lowest = Math.Clamp(baseline - (2 * wobble), 1e-4, 0.999);
        var bestTested = LogLikelihood(failuresTested, tested, Rate(failuresTested, tested, lowest));
        var bestControl = LogLikelihood(failuresControl, control, Rate(failuresControl, control, lowest));
        double none = 0, release = 0, shared = 0, compound = 0;
        for (var step = -4; step <= 4; step++)
        {
            var b = Math.Clamp(baseline + (step * wobble / 2), 1e-4, 0.999);
            var weight = Math.Exp(-0.125 * step * step);
            var controlAtBase = Control(b);
            none += weight * Tested(b) * controlAtBase;
            for (var i = 0; i < RateSteps; i++)
            {
                var u = (i + 0.5) / RateSteps;
                var excess = (1 - b) * u * u;
                var atRate = weight * Tested(b + excess) / RateSteps;
                release += atRate * controlAtBase;
                shared += atRate * Control(b + excess);
                for (var k = 0; k < ShareSteps; k++)
                {
                    compound += atRate * Control(b + (MostShared * excess * (k + 0.5) / ShareSteps)) / ShareSteps;
                }
            }
        }

        var all = none + release + shared + compound;
        return all > 0 ? new(none / all, release / all, shared / all, compound / all) : new(0.25, 0.25, 0.25, 0.25);

        double Tested(double rate) => Math.Exp(LogLikelihood(failuresTested, tested, rate) - bestTested);
        double Control(double rate) => Math.Exp(LogLikelihood(failuresControl, control, rate) - bestControl);
    }

    private static double Rate(long failures, long requests, double lowest) =>
        requests == 0 ? 0.5 : Math.Clamp((double)failures / requests, lowest, 1 - 1e-9);

    // More requests than the grid can resolve add no certainty about the pattern.
    private static (long Failures, long Requests) Capped(long failures, long requests)
    {
        const long most = 5000;
        return requests <= most ? (failures, requests) : ((long)Math.Round((double)failures * most / requests), most);
    }

    private static double LogLikelihood(long failures, long requests, double rate) =>
        (failures * Math.Log(rate)) + ((requests - failures) * Math.Log(1 - rate));
}
