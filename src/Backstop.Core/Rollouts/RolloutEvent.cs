using Backstop.Core.Evidence;

namespace Backstop.Core.Rollouts;

/// <summary>Something that happened to a rollout. Time arrives inside.</summary>
public abstract record RolloutEvent(DateTimeOffset At)
{
    /// <summary>Every gate the candidate must clear has answered.</summary>
    /// <param name="Failed">Why not, or null when all passed. A gate that could not be run counts as not passed.</param>
    public sealed record Gated(DateTimeOffset At, string? Failed) : RolloutEvent(At);

    /// <summary>The candidate and the release to return to were asked for real answers.</summary>
    /// <param name="Failed">Why they are not warm, or too small, or null when they are ready.</param>
    public sealed record Warmed(DateTimeOffset At, string? Failed) : RolloutEvent(At);

    /// <summary>The evidence of the present generation was judged.</summary>
    /// <param name="Units">Assigned units judged so far in this generation, both arms together.</param>
    /// <param name="OneArmAlarm">The tested release alone looks worse than its ceiling: reason to contain, never to blame.</param>
    /// <param name="Coverage">Share of the connected gateways that serve the present generation, 0 to 1.</param>
    /// <param name="Bears">Share of the traffic that the release to return to was found to bear, in basis points; the whole where nobody could ask.</param>
    /// <param name="Missing">Which result that the alias requires the candidate does not have, or not any more; null when it has all of them.</param>
    public sealed record Judged(
        DateTimeOffset At, Verdict Verdict, long Units, bool OneArmAlarm, string Reason, double Coverage = 1, int Bears = Routing.Route.Whole, string? Missing = null)
        : RolloutEvent(At);

    /// <summary>One confirmed event that no rate excuses, such as leaked personal data: the release leaves at once, whatever stands against it but a person's pin.</summary>
    public sealed record SafetyTripped(DateTimeOffset At, string Reason) : RolloutEvent(At);

    /// <summary>The candidate's servers do not answer any more. That blames nobody, and it is no reason to send them users.</summary>
    public sealed record Unready(DateTimeOffset At, string Reason) : RolloutEvent(At);

    /// <summary>
    /// Every gateway that can be reached acknowledged the generation, and of the others none can serve what it takes away: a lease that ran
    /// out ends a candidate, and only an acknowledgement, or a person's word that the gateway is gone, ends a release that was promoted.
    /// </summary>
    public sealed record Converged(DateTimeOffset At, long Generation) : RolloutEvent(At);

    /// <summary>What gateways really served since the swap.</summary>
    /// <param name="OnBadRelease">Newly started requests on the candidate after convergence.</param>
    /// <param name="Window">For how long that was observed.</param>
    public sealed record Observed(DateTimeOffset At, long OnBadRelease, TimeSpan Window) : RolloutEvent(At);

    /// <summary>A person wants it back. Always accepted until nothing is left to take back.</summary>
    public sealed record AbortRequested(DateTimeOffset At, string Reason) : RolloutEvent(At);

    /// <summary>A person wants it to stay where it is.</summary>
    public sealed record PauseRequested(DateTimeOffset At, string Reason) : RolloutEvent(At);

    /// <summary>A person lets a held rollout go on: with the next healthy verdict, never before.</summary>
    public sealed record ResumeRequested(DateTimeOffset At) : RolloutEvent(At);

    /// <summary>A person approves the steps up to an index; the promotion is the one after the last.</summary>
    public sealed record Approved(DateTimeOffset At, int Step) : RolloutEvent(At);

    /// <summary>A person changes what is left of the plan.</summary>
    /// <param name="Approval">Who answers for a plan that is looser than the one it replaces; null when nobody does.</param>
    public sealed record PlanChanged(DateTimeOffset At, RolloutPlan Plan, string? Approval) : RolloutEvent(At);

    /// <summary>Another rollout is to take this one's place.</summary>
    public sealed record SupersedeRequested(DateTimeOffset At, string By) : RolloutEvent(At);

    /// <summary>A new owner goes on with it, after a crash or a move: nobody looked in between.</summary>
    public sealed record TakenUp(DateTimeOffset At) : RolloutEvent(At);

    /// <summary>Time passed.</summary>
    /// <param name="Awaited">Who has not acknowledged the rollback because it is away, as a sentence; null when nobody is.</param>
    public sealed record Ticked(DateTimeOffset At, string? Awaited = null) : RolloutEvent(At);
}
