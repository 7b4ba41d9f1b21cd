using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;

namespace Backstop.Core.Rollouts;

/// <summary>Decides what a rollout does next. The same state and event always give the same answer.</summary>
/// <remarks>
/// Only <see cref="Verdict.Healthy"/> on fresh evidence raises exposure, and only while nobody aborted. Everything that
/// lowers exposure is accepted at once, in any status, without timer, sample size or permission. This file says which
/// transitions there are; its two neighbours say how exposure rises and how it falls, the third what people may ask for.
/// </remarks>
public static partial class RolloutMachine
{
    /// <summary>A longer silence between two events was watched by nobody: a crash, a clock that was set forward, a machine that stood still.</summary>
    public static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(10);

    /// <summary>A new rollout, waiting for its gates; or why there may be none.</summary>
    public static Decision Submit(AliasRecord alias, string id, string candidate, RolloutPlan plan, DateTimeOffset at)
    {
        var rollout = new Rollout
        {
            Id = id,
            Alias = alias.Name,
            Baseline = alias.Current,
            Candidate = candidate,
            Plan = plan,
            PlanDigest = Rollouts.PlanDigest.Of(plan),
            Status = plan.BreakGlass is null ? RolloutStatus.Gating : RolloutStatus.Warming,
            Since = at,
            WatchedAt = at,
            Generation = alias.Generation,
        };
        return plan.BreakGlass is null
            ? new(new(rollout, alias), [new Effect.RunGates()], SubmitRefusal(alias, candidate, plan, at))
            : new(
                new(rollout, alias),
                [new Effect.ProbeWarmth(), new Effect.Page($"gates and freezes of {alias.Name} are skipped: {plan.BreakGlass}")],
                SubmitRefusal(alias, candidate, plan, at));
    }

    /// <summary>One event.</summary>
    public static Decision Step(RolloutState state, RolloutEvent e)
    {
        state = state with { Rollout = Watch(state.Rollout, e) };
        var rollout = state.Rollout;
        return (rollout.Status, e) switch
        {
            // Down first: nothing may hold these up.
            (_, RolloutEvent.AbortRequested abort) => Abort(state, abort),
            (_, RolloutEvent.SafetyTripped tripped) when IsExposed(rollout) => TakeBack(state, tripped.At, tripped.Reason, Cause.Safety),
            (_, RolloutEvent.Judged { Verdict: Verdict.Regressed } judged) when IsExposed(rollout) =>
                TakeBack(state, judged.At, judged.Reason, Cause.Evidence, judged.Bears),
            (not RolloutStatus.Completed, RolloutEvent.Unready unready) when IsExposed(rollout) =>
                TakeBack(state, unready.At, unready.Reason, Cause.World),
            (_, RolloutEvent.SupersedeRequested supersede) => Supersede(state, supersede),
            (RolloutStatus.Baking or RolloutStatus.Completed, RolloutEvent.Judged { OneArmAlarm: true } judged)
                when rollout is { Promoted: true, Contained: false } && state.Alias.Pin is null => Contain(state, judged),

            (_, RolloutEvent.PauseRequested pause) => Pause(state, pause),
            (_, RolloutEvent.ResumeRequested resume) => Resume(state, resume),
            (_, RolloutEvent.Approved approved) => Approve(state, approved),
            (_, RolloutEvent.PlanChanged changed) => ChangePlan(state, changed),
            (_, RolloutEvent.TakenUp taken) => TakeUp(state, taken),

            (RolloutStatus.Gating, RolloutEvent.Gated { Failed: { } why } gated) => Reject(state, gated.At, why),
            (RolloutStatus.Gating, RolloutEvent.Gated gated) =>
                new(Enter(state, RolloutStatus.Warming, gated.At), [new Effect.ProbeWarmth()]),

            (RolloutStatus.Warming or RolloutStatus.Shadowing or RolloutStatus.Canary, RolloutEvent.Warmed warmed) => OnWarmed(state, warmed),
            (RolloutStatus.Warming, RolloutEvent.Ticked { } tick) when rollout.WarmedAt is not null => Begin(state, tick.At),
            (RolloutStatus.Shadowing, RolloutEvent.Judged judged) => OnStep(state, rollout.Plan.Shadow!, judged),
            (RolloutStatus.Canary, RolloutEvent.Judged judged) => OnStep(state, rollout.Plan.Steps[rollout.Step], judged),
            (RolloutStatus.Shadowing or RolloutStatus.Canary, RolloutEvent.Ticked tick) when HasWaitedTooLong(rollout) =>
                // Health cannot answer for a person: like a pause, it ends by a person or by its deadline.
                HoldStill(
                    state with { Rollout = rollout with { Paused = true } },
                    tick.At,
                    $"{rollout.Waits}, and nobody answered for {Words(rollout.Plan.HeldDeadline)}",
                    doubt: false),
            (RolloutStatus.Held, RolloutEvent.Judged { Verdict: Verdict.Healthy } judged) when !rollout.Paused && !rollout.Shrunk =>
                GoOn(state, judged.At),
            (RolloutStatus.Held, RolloutEvent.Ticked tick) when rollout.Watched >= rollout.Plan.HeldDeadline && !rollout.Shrunk =>
                HeldTooLong(state, tick.At),

            (RolloutStatus.Promoting, RolloutEvent.Converged converged) when converged.Generation >= rollout.Generation =>
                Quiet(Enter(WithReason(state, null), RolloutStatus.Baking, converged.At)),
            (RolloutStatus.Promoting, RolloutEvent.Ticked) when rollout.Watched >= rollout.Plan.ConvergenceDeadline && rollout.Reason is null =>
                PageOnce(state, "not every gateway acknowledged the promotion in time"),
            (RolloutStatus.Baking or RolloutStatus.Completed, RolloutEvent.Judged judged) when rollout.Promoted => OnPromoted(state, judged),

            (RolloutStatus.RollingBack, RolloutEvent.Converged converged) when IsGone(state, converged) => OnAcknowledged(state, converged.At),
            (RolloutStatus.RollbackDegraded, RolloutEvent.Converged converged) when !rollout.Acknowledged && IsGone(state, converged) =>
                OnAcknowledged(state, converged.At),
            (RolloutStatus.RollingBack, RolloutEvent.Ticked tick) when rollout.Watched >= rollout.Plan.ConvergenceDeadline =>
                Degrade(state, tick.At, tick.Awaited ?? "not every gateway acknowledged the rollback in time"),
            (RolloutStatus.Verifying, RolloutEvent.Observed seen) => OnObserved(state, seen),
            (RolloutStatus.RollbackDegraded, RolloutEvent.Observed seen) when rollout.Acknowledged => OnObserved(state, seen),

            _ => Quiet(state),
        };
    }

    /// <summary>What a rollout in this status was asked for and waits for: a new owner asks it again, and doing it twice does no harm.</summary>
    public static ImmutableArray<Effect> Unanswered(Rollout rollout) => rollout.Status switch
    {
        RolloutStatus.Gating => [new Effect.RunGates()],
        RolloutStatus.Warming => [new Effect.ProbeWarmth()],
        RolloutStatus.Shadowing or RolloutStatus.Canary when rollout.WarmthAskedAt is not null => [new Effect.ProbeWarmth()],
        RolloutStatus.Verifying => [new Effect.Watch()],
        RolloutStatus.Superseded => [new Effect.StartSuccessor()],
        _ => [],
    };

    /// <summary>What a rollout may be refused for before it begins; asked before anything is exposed, because asked during a rollback is too late.</summary>
    private static string? SubmitRefusal(AliasRecord alias, string candidate, RolloutPlan plan, DateTimeOffset at) =>
        candidate == alias.Current ? $"{alias.Name} serves this release already."
        : alias.Quarantined.Contains(candidate)
            ? $"The release was rolled back on {alias.Name} and is quarantined; approve it first with 'backstop alias approve'."
        : alias.Pin is { } pin ? $"{Pinned(alias, pin)}. Lift the pin first with 'backstop alias unpin'."
        : plan.BreakGlass is null && CoolDownEnd(alias, plan, at) is { } end
            ? $"A release was rolled back on {alias.Name} shortly before: wait until {Moment(end)}, or break the glass with a reason."
        : plan.BreakGlass is null && alias.DrillEvery is { } every && Drill.Objection(alias.Drill, every, at) is { } objection
            ? $"{alias.Name} may start no rollout: {objection}. Run 'backstop drill {alias.Name}', or break the glass with a reason."
        : plan.End == PlanEnd.Promote && alias.ReturnsTo(candidate, plan.Fallback) is null
            ? $"{alias.Name} would have no release to return to: none was verified here that is not quarantined. Name a fallback in the plan."
        : null;

    private static DateTimeOffset? CoolDownEnd(AliasRecord alias, RolloutPlan plan, DateTimeOffset at) =>
        alias.RolledBackAt + plan.CoolDown is { } end && at < end && at >= alias.RolledBackAt ? end : null;

    // Exposure rises on time that was watched, and a verified bake on time that was healthy: judged so, again and again.
    private static Rollout Watch(Rollout rollout, RolloutEvent e)
    {
        if (rollout.Status == RolloutStatus.Baking && e is not (RolloutEvent.Judged or RolloutEvent.TakenUp))
        {
            return rollout;
        }

        var gap = e.At - rollout.WatchedAt;
        var counts = gap > TimeSpan.Zero && gap <= LongestGap && e is not RolloutEvent.TakenUp
            && (rollout.Status != RolloutStatus.Baking || e is RolloutEvent.Judged { Verdict: Verdict.Healthy });
        return rollout with { Watched = counts ? rollout.Watched + gap : rollout.Watched, WatchedAt = e.At };
    }

    private static RolloutState Enter(RolloutState state, RolloutStatus status, DateTimeOffset at) => state with
    {
        Rollout = state.Rollout with
        {
            Status = status, Since = at, Watched = TimeSpan.Zero, WatchedAt = at, Waits = null, WaitsFrom = null,
        },
    };

    private static RolloutState WithReason(RolloutState state, string? reason) => state with { Rollout = state.Rollout with { Reason = reason } };

    private static Decision Quiet(RolloutState state) => new(state, []);

    private static Decision Refuse(RolloutState state, string why) => new(state, [], why);

    private static Decision Reject(RolloutState state, DateTimeOffset at, string reason) =>
        Quiet(Enter(WithReason(state, reason), RolloutStatus.Rejected, at));

    private static Decision PageOnce(RolloutState state, string reason) => new(WithReason(state, reason), [new Effect.Page(reason)]);

    private static bool IsExposed(Rollout rollout) => rollout.Status is
        RolloutStatus.Shadowing or RolloutStatus.Canary or RolloutStatus.Held or RolloutStatus.Promoting or RolloutStatus.Baking
        || rollout is { Status: RolloutStatus.Completed, Promoted: true };

    private static bool IsServed(RolloutState state) =>
        state.Alias.Current == state.Rollout.Candidate || state.Alias.Candidate == state.Rollout.Candidate;

    private static string Pinned(AliasRecord alias, AliasPin pin) => $"{alias.Name} is pinned by {pin.By}: {pin.Reason}";

    private static string Moment(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private static string Words(TimeSpan time) => time switch
    {
        { TotalHours: >= 1 and var hours } => FormattableString.Invariant($"{hours:0.##} h"),
        { TotalMinutes: >= 1 and var minutes } => FormattableString.Invariant($"{minutes:0.##} min"),
        _ => FormattableString.Invariant($"{time.TotalSeconds:0.##} s"),
    };
}
