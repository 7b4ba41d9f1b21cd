using Backstop.Core.Registry;

namespace Backstop.Core.Rollouts;

/// <summary>What people may ask for, and what a new owner finds. None of it raises exposure by itself.</summary>
public static partial class RolloutMachine
{
    private static Decision Pause(RolloutState state, RolloutEvent.PauseRequested pause)
    {
        var paused = state with { Rollout = state.Rollout with { Paused = true, Reason = pause.Reason } };
        return state.Rollout.Status switch
        {
            RolloutStatus.Shadowing or RolloutStatus.Canary => Quiet(Enter(paused, RolloutStatus.Held, pause.At)),
            RolloutStatus.Held => Quiet(paused),
            _ => Refuse(state, OverOr(state, "it has no share that could be held: abort it instead")),
        };
    }

    private static Decision Resume(RolloutState state, RolloutEvent.ResumeRequested resume) => state.Rollout switch
    {
        { Status: RolloutStatus.Held, Shrunk: true } rollout => new(
            Enter(
                state with { Rollout = rollout with { Paused = false, Shrunk = false, Reason = null, Step = -1, WarmedAt = null, WarmthAskedAt = null } },
                RolloutStatus.Warming,
                resume.At),
            [new Effect.ProbeWarmth()]),
        { Status: RolloutStatus.Held, Paused: true } rollout => Quiet(state with
        {
            Rollout = rollout with { Paused = false, Reason = "resumed: it goes on with the next healthy verdict" },
        }),
        { Status: RolloutStatus.Held } rollout => Refuse(state, $"nobody paused it: it is held by evidence and goes on by itself once that is healthy ({rollout.Reason})"),
        _ => Refuse(state, OverOr(state, "it is not held")),
    };

    private static Decision Approve(RolloutState state, RolloutEvent.Approved approved)
    {
        var rollout = state.Rollout;
        if (rollout.Status is not (RolloutStatus.Gating or RolloutStatus.Warming or RolloutStatus.Shadowing or RolloutStatus.Canary or RolloutStatus.Held))
        {
            return Refuse(state, OverOr(state, "nothing is left to approve"));
        }

        return approved.Step < 0 || approved.Step > rollout.Plan.Steps.Length
            ? Refuse(state, $"there is no step {approved.Step + 1}: the plan has {rollout.Plan.Steps.Length} and the promotion after them")
            : Quiet(state with
            {
                Rollout = rollout with { ApprovedStep = Math.Max(rollout.ApprovedStep, approved.Step), Waits = null, WaitsFrom = null },
            });
    }

    private static Decision ChangePlan(RolloutState state, RolloutEvent.PlanChanged changed)
    {
        var rollout = state.Rollout;
        if (rollout.Abort is not null || rollout.IsTerminal)
        {
            return Refuse(state, OverOr(state, "its plan has no future"));
        }

        if (PlanComparison.Flaw(rollout, changed.Plan) is { } flaw)
        {
            return Refuse(state, flaw);
        }

        if (changed.Approval is null && PlanComparison.Looser(rollout.Plan, changed.Plan) is { } looser)
        {
            return Refuse(state, $"the plan may be tightened at any time, but {looser}: that needs an approval");
        }

        var next = state with { Rollout = rollout with { Plan = changed.Plan, PlanDigest = Rollouts.PlanDigest.Of(changed.Plan), Waits = null, WaitsFrom = null } };
        var share = state.Alias.CandidateBasisPoints;
        var lower = rollout.Status is RolloutStatus.Canary or RolloutStatus.Held && !rollout.Shrunk
            && share > 0 && changed.Plan.Steps[rollout.Step].BasisPoints < share;
        return lower && state.Alias.Apply(new AliasChange.Shrink(changed.Plan.Steps[rollout.Step].BasisPoints), state.Alias.Generation) is SwapResult.Swapped swapped
            ? new(new(next.Rollout with { Generation = swapped.Alias.Generation }, swapped.Alias), [new Effect.Push()])
            : Quiet(next);
    }

    private static Decision TakeUp(RolloutState state, RolloutEvent.TakenUp taken)
    {
        var rollout = state.Rollout;
        var exposed = rollout.Status is RolloutStatus.Shadowing or RolloutStatus.Canary or RolloutStatus.Held or RolloutStatus.Promoting or RolloutStatus.Baking;
        if (exposed && !IsServed(state))
        {
            // The row decides. Whoever restored or changed it decided against this rollout.
            return Reject(state, taken.At, $"{state.Alias.Name} does not serve this candidate at generation {state.Alias.Generation}");
        }

        // Nobody looked while the last owner was gone: the step's time starts again, its evidence goes on.
        return rollout.Status is RolloutStatus.Shadowing or RolloutStatus.Canary or RolloutStatus.Verifying
            ? Quiet(state with { Rollout = rollout with { Since = taken.At, Watched = TimeSpan.Zero, WaitsFrom = rollout.WaitsFrom is null ? null : TimeSpan.Zero } })
            : Quiet(state);
    }

    private static string OverOr(RolloutState state, string otherwise) => state.Rollout switch
    {
        { Abort: { } abort } => $"it was aborted: {abort}",
        { IsTerminal: true } => "it is over",
        _ => otherwise,
    };
}
