using System.Collections.Immutable;
using Backstop.Core.Registry;

namespace Backstop.Core.Rollouts;

/// <summary>How exposure falls, and how it is shown that it fell.</summary>
public static partial class RolloutMachine
{
    private enum Cause
    {
        Person,
        Evidence,
        Safety,

        /// <summary>Servers, deadlines: nobody is blamed.</summary>
        World,
    }

    private static Decision Abort(RolloutState state, RolloutEvent.AbortRequested abort)
    {
        var rollout = state.Rollout;
        var canTakeBack = IsExposed(rollout) || rollout.Status is RolloutStatus.Gating or RolloutStatus.Warming
            || (rollout.Status == RolloutStatus.RollbackDegraded && IsServed(state));
        return canTakeBack
            ? TakeBack(state, abort.At, abort.Reason, Cause.Person)
            : Refuse(state, rollout.IsTerminal ? "it is over: there is nothing left to take back" : $"it is on its way back already: {rollout.Abort}");
    }

    private static Decision TakeBack(RolloutState state, DateTimeOffset at, string reason, Cause cause, int bears = Routing.Route.Whole)
    {
        if (state.Rollout.Promoted && cause != Cause.Person && AgainstRevert(state, at, cause) is { } why)
        {
            return Withhold(state, why, reason, bears);
        }

        var rollout = state.Rollout with { Abort = state.Rollout.Abort ?? reason, Reason = null, Paused = false, Withheld = null };
        var blamed = cause is Cause.Evidence or Cause.Safety;
        ImmutableArray<Effect> report = blamed ? [new Effect.OpenIncident(Blamed: true, reason)] : [];
        AliasChange change = rollout.Promoted
            ? new AliasChange.Revert(cause == Cause.Person ? null : at)
            : new AliasChange.Withdraw(Quarantine: blamed);
        return state.Alias.Apply(change, state.Alias.Generation) switch
        {
            // Swap first, look for the cause afterwards: a swap can be taken back.
            SwapResult.Swapped swapped => new(
                Enter(new(rollout with { Generation = swapped.Alias.Generation }, swapped.Alias), RolloutStatus.RollingBack, at),
                [new Effect.Push(), .. report]),

            // It serves and there is nothing to return to: only a person can decide what to serve instead.
            SwapResult.Refused refused when rollout.Promoted => Degrade(state with { Rollout = rollout }, at, refused.Reason, report),

            // Nothing was exposed yet, so there is nothing to swap.
            _ => new(Enter(new(rollout with { Reason = reason }, state.Alias), RolloutStatus.Rejected, at), report),
        };
    }

    /// <summary>What stands against an automatic rollback of the served release: a person's word, or a loop of rollbacks. Nothing stands against a person.</summary>
    private static string? AgainstRevert(RolloutState state, DateTimeOffset at, Cause cause) =>
        state.Alias.Pin is { } pin ? Pinned(state.Alias, pin)
        : cause == Cause.Evidence && CoolDownEnd(state.Alias, state.Rollout.Plan, at) is { } end
            ? $"another release was rolled back shortly before, and until {Moment(end)} only a person decides about the next one"
        : null;

    // Not followed is not forgotten: who pinned it, or keeps swapping, is told at once, and without a pin half the users are safe.
    private static Decision Withhold(RolloutState state, string why, string reason, int bears)
    {
        if (state.Rollout.Withheld == why)
        {
            return Quiet(state);
        }

        var told = state with { Rollout = state.Rollout with { Withheld = why } };
        ImmutableArray<Effect> report = [new Effect.OpenIncident(Blamed: true, reason), new Effect.Page($"{reason}; it was not rolled back: {why}")];
        var contained = told.Alias.Pin is null && !told.Rollout.Contained
            ? Hold(told, Containment(told, bears), contained: true, [new Effect.Push(), .. report])
            : Quiet(told);
        return contained.Effects.IsEmpty ? new(told, report) : contained;
    }

    private static Decision Contain(RolloutState state, RolloutEvent.Judged judged) =>
        Hold(state, Containment(state, judged.Bears), contained: true, [new Effect.Push(), new Effect.OpenIncident(Blamed: false, judged.Reason)]);

    // No more than the old release bears: overloaded, it would fail too, and two arms that fail are no evidence against either.
    private static int Containment(RolloutState state, int bears) =>
        Math.Max(Math.Min(state.Rollout.Plan.ContainmentBasisPoints, bears), state.Alias.HoldbackBasisPoints);

    private static Decision Supersede(RolloutState state, RolloutEvent.SupersedeRequested supersede)
    {
        var rollout = state.Rollout;
        if (rollout.Promoted || rollout.Abort is not null || rollout.IsTerminal)
        {
            return Refuse(state, rollout.Promoted
                ? "it is promoted already: abort it, or wait until its bake is over"
                : "it is over or on its way back already: wait until that is done");
        }

        var reason = $"superseded by {supersede.By}";
        var next = state with { Rollout = rollout with { Abort = reason, Reason = null, Paused = false, SupersededBy = supersede.By } };

        // The share goes to nothing and every gateway says so before anything new begins: two candidates never overlap.
        return state.Alias.Apply(new AliasChange.Withdraw(Quarantine: false), state.Alias.Generation) is SwapResult.Swapped swapped
            ? new(
                Enter(new(next.Rollout with { Generation = swapped.Alias.Generation }, swapped.Alias), RolloutStatus.RollingBack, supersede.At),
                [new Effect.Push()])
            : new(Enter(next, RolloutStatus.Superseded, supersede.At), [new Effect.StartSuccessor()]);
    }

    private static Decision HoldStill(RolloutState state, DateTimeOffset at, string reason, bool doubt) => new(
        Enter(WithReason(state, reason), RolloutStatus.Held, at),
        doubt ? [new Effect.OpenIncident(Blamed: false, reason)] : [new Effect.Page(reason)]);

    private static Decision HeldTooLong(RolloutState state, DateTimeOffset at)
    {
        var (rollout, plan) = (state.Rollout, state.Rollout.Plan);
        var reason = $"held for {Words(plan.HeldDeadline)}: {rollout.Reason}";
        return plan.HeldAction switch
        {
            HeldAction.Keep => new(Enter(state, RolloutStatus.Held, at), [new Effect.Page(reason)]),
            HeldAction.Shrink when state.Alias.Apply(new AliasChange.Shrink(0), state.Alias.Generation) is SwapResult.Swapped swapped => new(
                Enter(
                    new(rollout with { Shrunk = true, Reason = reason, Generation = swapped.Alias.Generation }, swapped.Alias), RolloutStatus.Held, at),
                [new Effect.Push(), new Effect.Page(reason)]),
            _ => TakeBack(state, at, reason, Cause.World),
        };
    }

    private static Decision Degrade(RolloutState state, DateTimeOffset at, string reason, ImmutableArray<Effect> report = default) => new(
        Enter(WithReason(state, reason), RolloutStatus.RollbackDegraded, at),
        [new Effect.Push(), new Effect.Page(reason), .. report.IsDefault ? [] : report]);

    // A status is not enough: while the row still names the release, nothing was rolled back, whoever acknowledged what.
    private static bool IsGone(RolloutState state, RolloutEvent.Converged converged) =>
        converged.Generation >= state.Rollout.Generation && !IsServed(state);

    private static Decision OnAcknowledged(RolloutState state, DateTimeOffset at)
    {
        var acknowledged = state with { Rollout = state.Rollout with { Acknowledged = true } };
        return state.Rollout.SupersededBy is null
            ? new(Enter(acknowledged, RolloutStatus.Verifying, at), [new Effect.Watch()])
            : new(Enter(acknowledged, RolloutStatus.Superseded, at), [new Effect.StartSuccessor()]);
    }

    private static Decision OnObserved(RolloutState state, RolloutEvent.Observed seen)
    {
        var rollout = state.Rollout;
        if (seen.OnBadRelease > 0)
        {
            return rollout.Status == RolloutStatus.Verifying
                ? Degrade(state, seen.At, $"{seen.OnBadRelease} requests were started on the bad release after convergence")
                : Quiet(state with { Rollout = rollout with { Watched = TimeSpan.Zero } });
        }

        return seen.Window >= rollout.Plan.VerifyWindow && rollout.Watched >= rollout.Plan.VerifyWindow
            ? Quiet(Enter(state, RolloutStatus.RolledBack, seen.At))
            : Quiet(state);
    }
}
