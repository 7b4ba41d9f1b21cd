namespace Backstop.Core.Incidents.Suspects;

/// <summary>How probable each cause is before the signals are looked at: what was changed shortly before is suspected most.</summary>
/// <remarks>
/// Base rate times 1 + 8·exp(−Δt/30 min) for what was changed Δt before the onset; times 1 + exp(−Δt/3 d) where it crept in. A part of the release that does not differ
/// from the holdback's cannot be what makes the arms differ. A change is a reason to look, never a proof: the signals may
/// outweigh it a thousand times.
/// </remarks>
public static class ChangePrior
{
    private const double Boost = 8;

    // How much more a change is to be expected before the onset if it is the cause than if it is not: in half an hour little is changed
    // by chance, in three days nearly everything is.
    private const double SlowBoost = 1;
    private const double Unchanged = 0.02;

    // A change of which nobody knows when it was is suspected a little.
    private const double Undated = 0.25;
    private static readonly TimeSpan Decay = TimeSpan.FromMinutes(30);

    // What creeps in over days has its change, if any, long before it is seen.
    private static readonly TimeSpan SlowDecay = TimeSpan.FromDays(3);

    /// <summary>The weight of a cause, relative to the others.</summary>
    public static double Weight(Cause cause, IncidentCase incident)
    {
        var usual = SignatureTable.BaseRate(cause);
        var acquitted = SignatureTable.ReachOf(cause) == Reach.Release
            && incident.ReleaseDiffers is { } differs
            && !differs.Any(part => SignatureTable.SuspectsOf(part).Contains(cause));
        return acquitted ? usual * Unchanged : usual * (1 + ((incident.Onset?.Slow == true ? SlowBoost : Boost) * Suspicion(cause, incident)));
    }

    /// <summary>The change that puts a cause under most suspicion; null when none was near the onset.</summary>
    public static Change? Nearest(Cause cause, IncidentCase incident) => incident.Onset is { At: not null } onset
        ? Touching(cause, incident).Where(change => Nearness(change, onset) > 0.2).MaxBy(change => Nearness(change, onset))
        : null;

    private static double Suspicion(Cause cause, IncidentCase incident) =>
        Touching(cause, incident).Select(change => Nearness(change, incident.Onset)).DefaultIfEmpty(0).Max();

    private static IEnumerable<Change> Touching(Cause cause, IncidentCase incident) =>
        incident.Changes.Where(change => change.Parts.Any(part => SignatureTable.SuspectsOf(part).Contains(cause)));

    private static double Nearness(Change change, Onset? onset)
    {
        if (onset?.At is not { } began || change.At is not { } at)
        {
            return Undated;
        }

        // The estimate of the onset may be late or early by this much without a change being acquitted.
        var slack = TimeSpan.FromMinutes(onset.UncertaintyMinutes);
        var before = began - at;
        return before < -slack ? 0 : Math.Exp(-Math.Max(0, (before - slack) / (onset.Slow == true ? SlowDecay : Decay)));
    }
}
