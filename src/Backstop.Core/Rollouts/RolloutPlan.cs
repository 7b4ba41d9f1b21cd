using System.Collections.Immutable;

namespace Backstop.Core.Rollouts;

/// <summary>How a candidate is exposed. Locked when the rollout is submitted; it may be tightened later, never loosened.</summary>
public sealed record RolloutPlan
{
    /// <summary>The canary steps in order; none means promotion at once.</summary>
    public ImmutableArray<CanaryStep> Steps { get; init; } = [new(BasisPoints: 500, Dwell: TimeSpan.FromMinutes(10), MinUnits: 1000)];

    /// <summary>The share that stays on the previous release after promotion: the concurrent control of everything later.</summary>
    public int HoldbackBasisPoints { get; init; } = 500;

    /// <summary>The share the holdback is raised to when the promoted release alone looks worse than it should.</summary>
    /// <remarks>
    /// One arm cannot say whether the release or the world got worse. Half and half answers that with the fewest
    /// requests, and halves the exposure while it does.
    /// </remarks>
    public int ContainmentBasisPoints { get; init; } = 5000;

    /// <summary>How long the promoted release is watched before it counts as verified.</summary>
    public TimeSpan Bake { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long a hold may last before the candidate is withdrawn.</summary>
    public TimeSpan HeldDeadline { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long gateways may take to acknowledge a swap before it is reported as degraded.</summary>
    public TimeSpan ConvergenceDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For how long no newly started request may reach the bad release before a rollback counts as verified.</summary>
    public TimeSpan VerifyWindow { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Promotion without canary steps.</summary>
    public static RolloutPlan AtOnce { get; } = new() { Steps = [] };
}

/// <summary>One canary step.</summary>
/// <param name="BasisPoints">Share of the candidate, 1 to 10,000.</param>
/// <param name="Dwell">Least time on this step.</param>
/// <param name="MinUnits">Least number of assigned units, both arms together, judged on this step.</param>
public sealed record CanaryStep(int BasisPoints, TimeSpan Dwell, long MinUnits);
