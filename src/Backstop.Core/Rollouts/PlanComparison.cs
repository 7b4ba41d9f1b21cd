using Backstop.Core.Evidence;

namespace Backstop.Core.Rollouts;

/// <summary>Whether a plan lets exposure rise sooner, further or on less than another one.</summary>
public static class PlanComparison
{
    /// <summary>What makes <paramref name="after"/> looser than <paramref name="before"/>, as the end of a sentence; null when nothing does.</summary>
    public static string? Looser(RolloutPlan before, RolloutPlan after) =>
        after.Steps.Length != before.Steps.Length ? $"it has {after.Steps.Length} steps instead of {before.Steps.Length}"
        : LooserStep(before.Shadow, after.Shadow, "the shadow stage")
        ?? LooserRule(before.ShadowRule, after.ShadowRule)
        ?? before.Steps.Zip(after.Steps).Select((pair, i) => LooserStep(pair.First, pair.Second, $"step {i + 1}")).FirstOrDefault(text => text is not null)
        ?? (after.End < before.End ? "it promotes at its end"
            : before.ApprovePromotion && !after.ApprovePromotion ? "the promotion needs no approval any more"
            : after.HoldbackBasisPoints < before.HoldbackBasisPoints ? "its holdback is smaller"
            : after.ContainmentBasisPoints < before.ContainmentBasisPoints ? "its containment is smaller"
            : after.Bake < before.Bake ? "its bake is shorter"
            : after.HeldDeadline > before.HeldDeadline ? "a hold may last longer"
            : after.HeldAction > before.HeldAction ? "a hold that lasts too long takes less back"
            : after.ConvergenceDeadline > before.ConvergenceDeadline ? "gateways may take longer"
            : after.VerifyWindow < before.VerifyWindow ? "a rollback is verified for a shorter time"
            : after.Coverage < before.Coverage ? "fewer gateways have to follow"
            : after.WarmFor > before.WarmFor ? "a warm-up answer may be older"
            : after.WarmCapacity < before.WarmCapacity ? "what it returns to may be smaller"
            : after.CoolDown < before.CoolDown ? "its cool-down is shorter"
            : after.Fallback != before.Fallback ? "it returns to another fallback"
            : after.BreakGlass != before.BreakGlass ? "it breaks the glass"
            : after.NoWayBack != before.NoWayBack ? "it gives up the way back"
            : null);

    /// <summary>Why a plan cannot go on where a rollout is, whoever approves it; null when it can.</summary>
    public static string? Flaw(Rollout rollout, RolloutPlan after)
    {
        var begun = rollout.Status is RolloutStatus.Canary or RolloutStatus.Held ? rollout.Step + 1 : rollout.Promoted ? rollout.Plan.Steps.Length : 0;
        return after.Steps.Length < begun ? $"it is at step {begun} already: the plan must keep what was begun"
            : rollout.Status == RolloutStatus.Shadowing && after.Shadow is null ? "it shadows already: the plan must keep that stage"
            : rollout is { Step: >= 0, Shrunk: false, Status: RolloutStatus.Canary or RolloutStatus.Held }
                && after.Steps[rollout.Step].BasisPoints > rollout.Plan.Steps[rollout.Step].BasisPoints
                ? "the share of a step that was begun can only become smaller"
            : null;
    }

    private static string? LooserRule(ShadowRule before, ShadowRule after) =>
        after.Margin > before.Margin ? "copies may fare worse by more"
        : after.MostDropped > before.MostDropped ? "more copies may be dropped"
        : IsLooser(-before.LeastAgreement, -after.LeastAgreement) ? "copies may agree less"
        : IsLooser(before.MostSlowdown, after.MostSlowdown) ? "copies may take longer"
        : IsLooser(before.MostLengthChange, after.MostLengthChange) ? "the length of answers may change more"
        : null;

    private static bool IsLooser(double? before, double? after) => before is { } limit && !(after <= limit);

    private static string? LooserStep(CanaryStep? before, CanaryStep? after, string name) => (before, after) switch
    {
        (null, null) => null,
        (null, _) => null, // A stage more is a stage later.
        (_, null) => $"{name} is left out",
        _ when after.BasisPoints > before.BasisPoints => $"{name} is wider",
        _ when after.Dwell < before.Dwell => $"{name} is shorter",
        _ when after.MinUnits < before.MinUnits => $"{name} rests on fewer units",
        _ when before.Approval && !after.Approval => $"{name} needs no approval any more",
        _ => null,
    };
}
