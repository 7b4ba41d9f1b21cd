using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;

namespace Backstop.Core.Rollouts;

/// <summary>A rollout with the alias row it writes: both are committed in one transaction, or neither.</summary>
public sealed record RolloutState(Rollout Rollout, AliasRecord Alias);

/// <summary>The next state, and what to do once it is durable.</summary>
public readonly record struct Decision(RolloutState Next, ImmutableArray<Effect> Effects);

/// <summary>Decides what a rollout does next. The same state and event always give the same answer.</summary>
/// <remarks>
/// Only <see cref="Verdict.Healthy"/> on fresh evidence raises exposure, and only while nobody aborted. Everything that
/// lowers exposure is accepted at once, in any status, without timer, sample size or permission.
/// </remarks>
public static class RolloutMachine
{
    /// <summary>A new rollout, waiting for its gates.</summary>
    public static Decision Submit(AliasRecord alias, string id, string candidate, RolloutPlan plan, DateTimeOffset at)
    {
        var rollout = new Rollout
        {
            Id = id,
            Alias = alias.Name,
            Baseline = alias.Current,
            Candidate = candidate,
            Plan = plan,
            Status = RolloutStatus.Gating,
            Since = at,
            Generation = alias.Generation,
        };
        return new(new(rollout, alias), [new Effect.RunGates()]);
    }

    /// <summary>One event.</summary>
    public static Decision Step(RolloutState state, RolloutEvent e)
    {
        var rollout = state.Rollout;
        return (rollout.Status, e) switch
        {
            // Down first: nothing may hold these up.
            (_, RolloutEvent.AbortRequested abort) when CanTakeBack(rollout) => TakeBack(state, abort.At, abort.Reason, blamed: false),
            (_, RolloutEvent.Judged { Verdict: Verdict.Regressed } judged) when IsExposed(rollout) =>
                TakeBack(state, judged.At, judged.Reason, blamed: true),
            (RolloutStatus.Baking or RolloutStatus.Completed, RolloutEvent.Judged { OneArmAlarm: true } judged)
                when !rollout.Contained => Contain(state, judged),

            (RolloutStatus.Gating, RolloutEvent.Gated { Failed: { } why } gated) => Reject(state, gated.At, why),
            (RolloutStatus.Gating, RolloutEvent.Gated gated) =>
                new(Enter(state, RolloutStatus.Warming, gated.At), [new Effect.ProbeWarmth()]),

            (RolloutStatus.Warming, RolloutEvent.Warmed { Failed: { } why } warmed) => Reject(state, warmed.At, why),
            (RolloutStatus.Warming, RolloutEvent.Warmed warmed) => Advance(state, step: 0, warmed.At),

            (RolloutStatus.Canary, RolloutEvent.Judged judged) => OnCanary(state, judged),
            (RolloutStatus.Held, RolloutEvent.Judged { Verdict: Verdict.Healthy } judged) =>
                // The dwell starts again; the evidence goes on.
                Quiet(Enter(state with { Rollout = rollout with { Reason = null } }, RolloutStatus.Canary, judged.At)),
            (RolloutStatus.Held, RolloutEvent.Ticked tick) when tick.At - rollout.Since >= rollout.Plan.HeldDeadline =>
                TakeBack(state, tick.At, $"held for {rollout.Plan.HeldDeadline}: {rollout.Reason}", blamed: false),

            (RolloutStatus.Promoting, RolloutEvent.Converged converged) when converged.Generation >= rollout.Generation =>
                Quiet(Enter(state, RolloutStatus.Baking, converged.At)),

            (RolloutStatus.Baking or RolloutStatus.Completed, RolloutEvent.Judged { Verdict: Verdict.Healthy } judged)
                when rollout.Contained && judged.Units >= MinUnits(rollout) => Release(state, judged.At),
            (RolloutStatus.Baking or RolloutStatus.Completed, RolloutEvent.Judged { Verdict: Verdict.Healthy }) when rollout.Reason is not null =>
                Quiet(state with { Rollout = rollout with { Reason = null } }),
            (RolloutStatus.Baking, RolloutEvent.Judged { Verdict: Verdict.Healthy } judged)
                when !rollout.Contained && judged.At - rollout.Since >= rollout.Plan.Bake =>
                Quiet(Enter(state, RolloutStatus.Completed, judged.At)),
            (RolloutStatus.Baking or RolloutStatus.Completed, RolloutEvent.Judged { Verdict: Verdict.Inconclusive or Verdict.BrokenExperiment } judged)
                when rollout.Reason is null => // One doubt, one incident: its words change with every request.
                new(state with { Rollout = rollout with { Reason = judged.Reason } }, [new Effect.OpenIncident(Blamed: false, judged.Reason)]),

            (RolloutStatus.RollingBack, RolloutEvent.Converged converged) when converged.Generation >= rollout.Generation =>
                new(Enter(state, RolloutStatus.Verifying, converged.At), [new Effect.Watch()]),
            (RolloutStatus.RollingBack, RolloutEvent.Ticked tick) when tick.At - rollout.Since >= rollout.Plan.ConvergenceDeadline =>
                Degrade(state, tick.At, "not every gateway acknowledged the rollback in time"),
            (RolloutStatus.RollbackDegraded, RolloutEvent.Converged converged) when converged.Generation >= rollout.Generation =>
                new(Enter(state, RolloutStatus.Verifying, converged.At), [new Effect.Watch()]),

            (RolloutStatus.Verifying, RolloutEvent.Observed { OnBadRelease: > 0 } seen) =>
                Degrade(state, seen.At, $"{seen.OnBadRelease} requests were started on the bad release after convergence"),
            (RolloutStatus.Verifying, RolloutEvent.Observed seen) when seen.Window >= rollout.Plan.VerifyWindow =>
                Quiet(Enter(state, RolloutStatus.RolledBack, seen.At)),

            _ => Quiet(state),
        };
    }

    private static Decision OnCanary(RolloutState state, RolloutEvent.Judged judged)
    {
        var rollout = state.Rollout;
        var step = rollout.Plan.Steps[rollout.Step];
        var dwelt = judged.At - rollout.Since >= step.Dwell;
        return judged.Verdict switch
        {
            Verdict.Healthy when dwelt && judged.Units >= step.MinUnits => Advance(state, rollout.Step + 1, judged.At),
            Verdict.Inconclusive or Verdict.BrokenExperiment => HoldStill(state, judged.At, judged.Reason),

            // No data is no reason to stop before the step has had its time, and never a reason to go on.
            Verdict.NoData or Verdict.Stale when dwelt => HoldStill(state, judged.At, judged.Reason),
            _ => Quiet(state),
        };
    }

    private static Decision Advance(RolloutState state, int step, DateTimeOffset at)
    {
        var rollout = state.Rollout;
        if (rollout.Abort is not null)
        {
            return Quiet(state);
        }

        // One salt for the whole rollout: raising the share only moves units from current to the candidate.
        AliasChange change = step < rollout.Plan.Steps.Length
            ? new AliasChange.Expose(rollout.Candidate, rollout.Plan.Steps[step].BasisPoints, rollout.Id)
            : new AliasChange.Promote(rollout.Candidate, rollout.Plan.HoldbackBasisPoints, rollout.Id);
        var promoted = change is AliasChange.Promote;
        return state.Alias.Apply(change, state.Alias.Generation) switch
        {
            SwapResult.Swapped swapped => new(
                Enter(new(rollout with { Step = step, Promoted = promoted, Generation = swapped.Alias.Generation }, swapped.Alias),
                    promoted ? RolloutStatus.Promoting : RolloutStatus.Canary, at),
                [new Effect.Push()]),
            SwapResult.Refused refused => Reject(state, at, refused.Reason),
            _ => Quiet(state),
        };
    }

    private static Decision TakeBack(RolloutState state, DateTimeOffset at, string reason, bool blamed)
    {
        var rollout = state.Rollout with { Abort = state.Rollout.Abort ?? reason };
        ImmutableArray<Effect> report = blamed ? [new Effect.OpenIncident(Blamed: true, reason)] : [];
        AliasChange change = rollout.Promoted ? new AliasChange.Revert() : new AliasChange.Withdraw(Quarantine: blamed);
        return state.Alias.Apply(change, state.Alias.Generation) switch
        {
            // Swap first, look for the cause afterwards: a swap can be taken back.
            SwapResult.Swapped swapped => new(
                Enter(new(rollout with { Generation = swapped.Alias.Generation }, swapped.Alias), RolloutStatus.RollingBack, at),
                [new Effect.Push(), .. report]),

            // It serves and there is nothing to return to: only a person can decide what to serve instead.
            SwapResult.Refused refused when rollout.Promoted => Degrade(state with { Rollout = rollout }, at, refused.Reason),

            // Nothing was exposed yet, so there is nothing to swap.
            _ => new(Enter(new(rollout with { Reason = reason }, state.Alias), RolloutStatus.Rejected, at), report),
        };
    }

    private static Decision Contain(RolloutState state, RolloutEvent.Judged judged)
    {
        var plan = state.Rollout.Plan;
        var share = Math.Max(plan.ContainmentBasisPoints, state.Alias.HoldbackBasisPoints);
        return Hold(state, share, contained: true, [new Effect.Push(), new Effect.OpenIncident(Blamed: false, judged.Reason)]);
    }

    private static Decision Release(RolloutState state, DateTimeOffset at) =>
        state.Rollout.Abort is not null
            ? Quiet(state)
            : Hold(state with { Rollout = state.Rollout with { Since = at } }, state.Rollout.Plan.HoldbackBasisPoints, contained: false, [new Effect.Push()]);

    private static Decision Hold(RolloutState state, int basisPoints, bool contained, ImmutableArray<Effect> effects) =>
        state.Alias.Apply(new AliasChange.Hold(basisPoints), state.Alias.Generation) is SwapResult.Swapped swapped
            ? new(new(state.Rollout with { Contained = contained, Generation = swapped.Alias.Generation }, swapped.Alias), effects)
            : Quiet(state);

    private static Decision HoldStill(RolloutState state, DateTimeOffset at, string reason) =>
        new(Enter(state with { Rollout = state.Rollout with { Reason = reason } }, RolloutStatus.Held, at),
            [new Effect.OpenIncident(Blamed: false, reason)]);

    private static Decision Reject(RolloutState state, DateTimeOffset at, string reason) =>
        Quiet(Enter(state with { Rollout = state.Rollout with { Reason = reason } }, RolloutStatus.Rejected, at));

    private static Decision Degrade(RolloutState state, DateTimeOffset at, string reason) =>
        new(Enter(state with { Rollout = state.Rollout with { Reason = reason } }, RolloutStatus.RollbackDegraded, at),
            [new Effect.Push(), new Effect.Page(reason)]);

    private static RolloutState Enter(RolloutState state, RolloutStatus status, DateTimeOffset at) =>
        state with { Rollout = state.Rollout with { Status = status, Since = at } };

    private static Decision Quiet(RolloutState state) => new(state, []);

    private static bool IsExposed(Rollout rollout) => rollout.Status is
        RolloutStatus.Canary or RolloutStatus.Held or RolloutStatus.Promoting or RolloutStatus.Baking or RolloutStatus.Completed;

    // A rollout that is already on its way back, or over, has nothing left to take back.
    private static bool CanTakeBack(Rollout rollout) =>
        IsExposed(rollout) || rollout.Status is RolloutStatus.Gating or RolloutStatus.Warming;

    private static long MinUnits(Rollout rollout) => rollout.Plan.Steps.IsEmpty ? 1000 : rollout.Plan.Steps[^1].MinUnits;
}
