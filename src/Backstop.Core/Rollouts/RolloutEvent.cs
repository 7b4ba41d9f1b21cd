using Backstop.Core.Evidence;

namespace Backstop.Core.Rollouts;

/// <summary>Something that happened to a rollout. Time arrives inside.</summary>
public abstract record RolloutEvent(DateTimeOffset At)
{
    /// <summary>Every gate the candidate must clear has answered.</summary>
    /// <param name="Failed">Why not, or null when all passed. A gate that could not be run counts as not passed.</param>
    public sealed record Gated(DateTimeOffset At, string? Failed) : RolloutEvent(At);

    /// <summary>Candidate and current were asked for a real answer, and gateways were asked whether they hold both.</summary>
    /// <param name="Failed">Why they are not warm, or null when they are.</param>
    public sealed record Warmed(DateTimeOffset At, string? Failed) : RolloutEvent(At);

    /// <summary>The evidence of the present generation was judged.</summary>
    /// <param name="Units">Assigned units judged so far in this generation, both arms together.</param>
    /// <param name="OneArmAlarm">The tested release alone looks worse than its ceiling: reason to contain, never to blame.</param>
    public sealed record Judged(DateTimeOffset At, Verdict Verdict, long Units, bool OneArmAlarm, string Reason) : RolloutEvent(At);

    /// <summary>Every reachable gateway acknowledged the generation, and the lease of the others ran out.</summary>
    public sealed record Converged(DateTimeOffset At, long Generation) : RolloutEvent(At);

    /// <summary>What gateways really served since the swap.</summary>
    /// <param name="OnBadRelease">Newly started requests on the candidate after convergence.</param>
    /// <param name="Window">For how long that was observed.</param>
    public sealed record Observed(DateTimeOffset At, long OnBadRelease, TimeSpan Window) : RolloutEvent(At);

    /// <summary>A person wants it back. Always accepted until nothing is left to take back.</summary>
    public sealed record AbortRequested(DateTimeOffset At, string Reason) : RolloutEvent(At);

    /// <summary>Time passed.</summary>
    public sealed record Ticked(DateTimeOffset At) : RolloutEvent(At);
}
