using System.Collections.Immutable;

namespace Backstop.Core.Rollouts;

/// <summary>Plans that have a name everywhere.</summary>
public static class RolloutPresets
{
    private static readonly TimeSpan Dwell = TimeSpan.FromMinutes(10);
    private const long Units = 1000;

    /// <summary>By name.</summary>
    public static ImmutableSortedDictionary<string, RolloutPlan> All { get; } = new Dictionary<string, RolloutPlan>(StringComparer.Ordinal)
    {
        // Each share is wide enough that what the last one could not show shows here, and small enough to bear.
        ["canary"] = new() { Steps = [.. ((int[])[100, 500, 2000, 5000]).Select(share => new CanaryStep(share, Dwell, Units))] },

        // All at once, and back at once. The holdback stays: without a control nothing could be judged, and nothing taken back.
        ["blue-green"] = new() { Steps = [], Bake = TimeSpan.FromHours(2) },

        // Half and half until a person has seen enough.
        ["a-b"] = new() { Steps = [new(5000, TimeSpan.FromDays(1), 10 * Units)], ApprovePromotion = true, HeldAction = HeldAction.Keep },

        // Copies only: no user ever sees an answer.
        ["shadow-only"] = new() { Shadow = new(1000, Dwell, Units), Steps = [], End = PlanEnd.Withdraw },
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);
}
