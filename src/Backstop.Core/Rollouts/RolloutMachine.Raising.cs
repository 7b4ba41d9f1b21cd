using System.Collections.Immutable;
using System.Globalization;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;

namespace Backstop.Core.Rollouts;

/// <summary>How exposure rises: one step at a time, on health, and only when nothing stands against it.</summary>
public static partial class RolloutMachine
{
    private static readonly TimeSpan AskWarmthEvery = TimeSpan.FromSeconds(10);

    private static Decision OnWarmed(RolloutState state, RolloutEvent.Warmed warmed)
    {
        var warm = state with { Rollout = state.Rollout with { WarmedAt = warmed.Failed is null ? warmed.At : null } };
        return state.Rollout.Status switch
        {
            RolloutStatus.Warming when warmed.Failed is null => Begin(warm, warmed.At),

            // Shrunk before, it still has its place in the row.
            RolloutStatus.Warming when IsServed(state) => TakeBack(state, warmed.At, warmed.Failed, Cause.World),
            RolloutStatus.Warming => Reject(state, warmed.At, warmed.Failed),
            _ => Quiet(warm with { Rollout = warm.Rollout with { Waits = warmed.Failed } }),
        };
    }

    /// <summary>The first exposure: there is no evidence yet, so it needs warm servers and a free way only.</summary>
    private static Decision Begin(RolloutState state, DateTimeOffset at)
    {
        var plan = state.Rollout.Plan;
        var first = plan.Shadow is null ? 0 : -1;
        if (Obstacle(state, first, at) is { } obstacle)
        {
            return Wait(state, obstacle, at);
        }

        return at - state.Rollout.WarmedAt is { } age && age >= TimeSpan.Zero && age <= plan.WarmFor
            ? Advance(state, first, at)
            : AskForWarmth(state, at);
    }

    private static Decision OnStep(RolloutState state, CanaryStep step, RolloutEvent.Judged judged)
    {
        var dwelt = state.Rollout.Watched >= step.Dwell;
        return judged.Verdict switch
        {
            Verdict.Healthy when dwelt && judged.Units >= step.MinUnits => Ready(state, state.Rollout.Step + 1, judged),
            Verdict.Inconclusive or Verdict.BrokenExperiment => HoldStill(state, judged.At, judged.Reason, doubt: true),

            // No data is no reason to stop before the step has had its time, and never a reason to go on.
            Verdict.NoData or Verdict.Stale when dwelt => HoldStill(state, judged.At, judged.Reason, doubt: true),
            _ => Quiet(state),
        };
    }

    private static Decision Ready(RolloutState state, int next, RolloutEvent.Judged judged)
    {
        var (rollout, plan) = (state.Rollout, state.Rollout.Plan);
        if (Obstacle(state, next, judged.At) is { } obstacle)
        {
            return Wait(state, obstacle, judged.At);
        }

        if (judged.Coverage < plan.Coverage)
        {
            return Wait(state, new($"only {Percent(judged.Coverage)} of the gateways serve generation {state.Alias.Generation}"), judged.At);
        }

        // A result may have been taken back since it began, or be required since then. What only leaves need not have passed.
        if (judged.Missing is { } missing && plan.BreakGlass is null && (next < plan.Steps.Length || plan.End == PlanEnd.Promote))
        {
            return Wait(state, new(missing), judged.At);
        }

        var isWarm = judged.At - rollout.WarmedAt is { } age && age >= TimeSpan.Zero && age <= plan.WarmFor;
        return next == plan.Steps.Length && plan.End == PlanEnd.Promote && !isWarm ? AskForWarmth(state, judged.At) : Advance(state, next, judged.At);
    }

    /// <summary>What stands against any rise now, whatever the evidence says; null when nothing does.</summary>
    private static Wanted? Obstacle(RolloutState state, int step, DateTimeOffset at)
    {
        var (alias, rollout, plan) = (state.Alias, state.Rollout, state.Rollout.Plan);
        if (alias.Pin is { } pin)
        {
            return new(Pinned(alias, pin));
        }

        if (rollout.PlanDigest is { } locked && locked != Rollouts.PlanDigest.Of(plan))
        {
            return new("the plan is not the one that was submitted or approved");
        }

        if (plan.BreakGlass is null)
        {
            if (Frozen(alias, at) is { } frozen)
            {
                return new(frozen);
            }

            var approval = step < plan.Steps.Length ? step >= 0 && plan.Steps[step].Approval : plan.ApprovePromotion && plan.End == PlanEnd.Promote;
            if (approval && rollout.ApprovedStep < step)
            {
                return new($"{Name(plan, step)} waits for an approval", IsApproval: true);
            }
        }

        return step == plan.Steps.Length && plan.End == PlanEnd.Promote && alias.ReturnsTo(rollout.Candidate, plan.Fallback) is null
            ? new("there is no release to return to")
            : null;
    }

    private static string? Frozen(AliasRecord alias, DateTimeOffset at) => alias.Freezes
        .Select(window => window.EndOf(at) is { } end ? $"nothing rises on {alias.Name} until {Moment(end)}: {window.Reason}" : null)
        .FirstOrDefault(text => text is not null);

    private static Decision Wait(RolloutState state, Wanted wanted, DateTimeOffset at) => Quiet(state with
    {
        Rollout = state.Rollout with { Waits = wanted.Text, WaitsFrom = wanted.IsApproval ? state.Rollout.WaitsFrom ?? state.Rollout.Watched : null },
    });

    private static bool HasWaitedTooLong(Rollout rollout) =>
        rollout.WaitsFrom is { } from && rollout.Watched - from >= rollout.Plan.HeldDeadline;

    private static Decision AskForWarmth(RolloutState state, DateTimeOffset at)
    {
        var rollout = state.Rollout;
        if (at - rollout.WarmthAskedAt is { } since && since >= TimeSpan.Zero && since < AskWarmthEvery)
        {
            return Quiet(state);
        }

        return new(
            state with { Rollout = rollout with { WarmthAskedAt = at, Waits = rollout.Waits ?? "both releases are asked for a warm-up answer" } },
            [new Effect.ProbeWarmth()]);
    }

    private static Decision Advance(RolloutState state, int step, DateTimeOffset at)
    {
        var (rollout, plan) = (state.Rollout, state.Rollout.Plan);

        // One salt for the whole rollout: raising the share only moves units from current to the candidate.
        return step switch
        {
            < 0 => Rise(state, new AliasChange.Shadow(rollout.Candidate, plan.Shadow!.BasisPoints, rollout.Id), RolloutStatus.Shadowing, step, at),
            _ when step < plan.Steps.Length =>
                Rise(state, new AliasChange.Expose(rollout.Candidate, plan.Steps[step].BasisPoints, rollout.Id), RolloutStatus.Canary, step, at),
            _ when plan.End == PlanEnd.Withdraw => Finish(state, at),
            _ => Rise(
                state,
                new AliasChange.Promote(rollout.Candidate, plan.HoldbackBasisPoints, rollout.Id, plan.Fallback),
                RolloutStatus.Promoting,
                step,
                at),
        };
    }

    /// <summary>The one place where a rollout's share grows.</summary>
    private static Decision Rise(RolloutState state, AliasChange change, RolloutStatus status, int step, DateTimeOffset at)
    {
        var rollout = state.Rollout;
        if (rollout.Abort is not null)
        {
            return Quiet(state);
        }

        return state.Alias.Apply(change, state.Alias.Generation) switch
        {
            SwapResult.Swapped swapped => new(
                Enter(
                    new(rollout with { Step = step, Promoted = change is AliasChange.Promote, Generation = swapped.Alias.Generation }, swapped.Alias),
                    status,
                    at),
                [new Effect.Push()]),
            SwapResult.Refused refused when IsServed(state) => TakeBack(state, at, refused.Reason, Cause.World),
            SwapResult.Refused refused => Reject(state, at, refused.Reason),
            _ => Quiet(state),
        };
    }

    private static Decision GoOn(RolloutState state, DateTimeOffset at) =>
        // The dwell starts again; the evidence goes on.
        Quiet(Enter(WithReason(state, null), state.Alias.ShadowBasisPoints > 0 ? RolloutStatus.Shadowing : RolloutStatus.Canary, at));

    private static Decision OnPromoted(RolloutState state, RolloutEvent.Judged judged)
    {
        var rollout = state.Rollout;
        switch (judged.Verdict)
        {
            case Verdict.Inconclusive or Verdict.BrokenExperiment when rollout.Reason is null:
                // One doubt, one incident: its words change with every request.
                return new(WithReason(state, judged.Reason), [new Effect.OpenIncident(Blamed: false, judged.Reason)]);
            case Verdict.Healthy when rollout.Contained && judged.Units >= MinUnits(rollout):
                return Release(state, judged.At);
            case Verdict.Healthy when rollout.Reason is not null || rollout.Withheld is not null:
                return Quiet(state with { Rollout = rollout with { Reason = null, Withheld = null } });
            case Verdict.Healthy when rollout is { Status: RolloutStatus.Baking, Contained: false } && rollout.Watched >= rollout.Plan.Bake:
                return Complete(state, judged.At);
            default:
                return Quiet(state);
        }
    }

    private static Decision Complete(RolloutState state, DateTimeOffset at) => state.Alias.Apply(new AliasChange.Verify(), state.Alias.Generation) switch
    {
        SwapResult.Swapped swapped => new(
            Enter(new(state.Rollout with { Generation = swapped.Alias.Generation }, swapped.Alias), RolloutStatus.Completed, at), [new Effect.Push()]),
        _ => Quiet(Enter(state, RolloutStatus.Completed, at)), // A person vouched for it before.
    };

    /// <summary>The candidate was only to be looked at; it leaves with a good name.</summary>
    private static Decision Finish(RolloutState state, DateTimeOffset at) =>
        state.Alias.Apply(new AliasChange.Withdraw(Quarantine: false), state.Alias.Generation) is SwapResult.Swapped swapped
            ? new(Enter(new(state.Rollout with { Generation = swapped.Alias.Generation }, swapped.Alias), RolloutStatus.Completed, at), [new Effect.Push()])
            : Quiet(Enter(state, RolloutStatus.Completed, at));

    private static Decision Release(RolloutState state, DateTimeOffset at)
    {
        var rollout = state.Rollout;
        return rollout.Abort is not null || state.Alias.Pin is not null || Frozen(state.Alias, at) is not null
            ? Quiet(state)
            : Hold(
                state with { Rollout = rollout with { Since = at, Watched = TimeSpan.Zero, Reason = null, Withheld = null } },
                rollout.Plan.HoldbackBasisPoints,
                contained: false,
                [new Effect.Push()]);
    }

    private static Decision Hold(RolloutState state, int basisPoints, bool contained, ImmutableArray<Effect> effects) =>
        state.Alias.Apply(new AliasChange.Hold(basisPoints), state.Alias.Generation) is SwapResult.Swapped swapped
            ? new(new(state.Rollout with { Contained = contained, Generation = swapped.Alias.Generation }, swapped.Alias), effects)
            : Quiet(state);

    private static long MinUnits(Rollout rollout) => rollout.Plan.Steps.IsEmpty ? 1000 : rollout.Plan.Steps[^1].MinUnits;

    private static string Name(RolloutPlan plan, int step) => step < plan.Steps.Length
        ? $"step {step + 1} ({Percent(plan.Steps[step].BasisPoints / (double)Routing.Route.Whole)})"
        : "the promotion";

    private static string Percent(double share) => (100 * share).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private readonly record struct Wanted(string Text, bool IsApproval = false);
}
