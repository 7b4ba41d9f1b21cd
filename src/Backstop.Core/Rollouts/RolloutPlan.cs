using System.Collections.Immutable;

namespace Backstop.Core.Rollouts;

/// <summary>How a candidate is exposed. Locked when the rollout is submitted; tightening is free, loosening needs an approval.</summary>
public sealed record RolloutPlan
{
    /// <summary>Copies of requests that are sent to the candidate before any user sees its answers; null for none.</summary>
    public CanaryStep? Shadow { get; init; }

    /// <summary>What the copies must show.</summary>
    public Evidence.ShadowRule ShadowRule { get; init; } = new();

    /// <summary>The canary steps in order; none means promotion at once.</summary>
    public ImmutableArray<CanaryStep> Steps { get; init; } = [new(BasisPoints: 500, Dwell: TimeSpan.FromMinutes(10), MinUnits: 1000)];

    /// <summary>What follows the last step.</summary>
    public PlanEnd End { get; init; } = PlanEnd.Promote;

    /// <summary>Whether a person must approve the promotion.</summary>
    public bool ApprovePromotion { get; init; }

    /// <summary>The share that stays on the previous release after promotion: the concurrent control of everything later.</summary>
    public int HoldbackBasisPoints { get; init; } = 500;

    /// <summary>The share the holdback is raised to when the promoted release alone looks worse than it should.</summary>
    /// <remarks>
    /// One arm cannot say whether the release or the world got worse. Half and half answers that with the fewest
    /// requests, and halves the exposure while it does.
    /// </remarks>
    public int ContainmentBasisPoints { get; init; } = 5000;

    /// <summary>For how long the promoted release must be seen healthy before it counts as verified.</summary>
    public TimeSpan Bake { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long a hold, or a wait for an approval, may last before <see cref="HeldAction"/>.</summary>
    public TimeSpan HeldDeadline { get; init; } = TimeSpan.FromHours(24);

    /// <summary>What happens when a hold has lasted too long. Never a promotion.</summary>
    public HeldAction HeldAction { get; init; } = HeldAction.Abort;

    /// <summary>How long gateways may take to acknowledge a swap before it is reported as degraded.</summary>
    public TimeSpan ConvergenceDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For how long no newly started request may reach the bad release before a rollback counts as verified.</summary>
    public TimeSpan VerifyWindow { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The least share of the gateways that must serve a step before the next one begins, 0 to 1.</summary>
    public double Coverage { get; init; } = 0.9;

    /// <summary>How old the last warm-up answer of both releases may be when the candidate is promoted.</summary>
    public TimeSpan WarmFor { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How much of the traffic that would come back the release to return to must bear in a burst before the promotion: 1 for all of it,
    /// 1.5 for half as much again, 0 when nobody asks.
    /// </summary>
    public double WarmCapacity { get; init; } = 1;

    /// <summary>After an automatic rollback of a promoted release: the time without another one, and without a new rollout.</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Digest of a conservative release to return to where no verified one exists; null for none.</summary>
    public string? Fallback { get; init; }

    /// <summary>Why gates, freezes, approvals and the cool-down are skipped: current itself is broken. Null when they are not.</summary>
    public string? BreakGlass { get; init; }

    /// <summary>
    /// Why the candidate may be exposed though the release before it could not take over again; see <see cref="Registry.Compatibility"/>.
    /// Null when it may not.
    /// </summary>
    public string? NoWayBack { get; init; }

    /// <summary>Promotion without canary steps.</summary>
    public static RolloutPlan AtOnce { get; } = new() { Steps = [] };
}

/// <summary>One canary step.</summary>
/// <param name="BasisPoints">Share of the candidate, 1 to 10,000.</param>
/// <param name="Dwell">Least time on this step, counted only while somebody watches.</param>
/// <param name="MinUnits">Least number of assigned units, both arms together, judged on this step.</param>
/// <param name="Approval">Whether a person must approve this step before it begins.</param>
public sealed record CanaryStep(int BasisPoints, TimeSpan Dwell, long MinUnits, bool Approval = false);

/// <summary>What follows the last step of a plan.</summary>
public enum PlanEnd
{
    /// <summary>The candidate becomes current.</summary>
    Promote,

    /// <summary>The candidate leaves again: it was only to be looked at.</summary>
    Withdraw,
}

/// <summary>What happens when a hold has lasted too long.</summary>
public enum HeldAction
{
    /// <summary>The candidate is withdrawn and the alias is free for another rollout.</summary>
    Abort,

    /// <summary>The candidate's share goes to nothing; a person may resume it from its first step.</summary>
    Shrink,

    /// <summary>The candidate keeps its share, and a person is paged once per deadline.</summary>
    Keep,
}
