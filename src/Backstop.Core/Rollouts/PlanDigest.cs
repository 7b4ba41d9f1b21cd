using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Backstop.Core.Rollouts;

/// <summary>Names a plan by its content: what was submitted or approved is what is carried out.</summary>
public static class PlanDigest
{
    /// <summary>SHA-256, in lower-case hex, of everything the plan says.</summary>
    public static string Of(RolloutPlan plan)
    {
        var text = new StringBuilder("backstop-plan-1\n");
        Append(text, plan.Shadow);
        foreach (var step in plan.Steps)
        {
            Append(text, step);
        }

        text.Append(CultureInfo.InvariantCulture, $"{plan.End} {plan.ApprovePromotion} {plan.HoldbackBasisPoints} {plan.ContainmentBasisPoints}\n");
        text.Append(CultureInfo.InvariantCulture, $"{plan.Bake.Ticks} {plan.HeldDeadline.Ticks} {plan.HeldAction} {plan.ConvergenceDeadline.Ticks}\n");
        text.Append(CultureInfo.InvariantCulture, $"{plan.VerifyWindow.Ticks} {plan.Coverage:R} {plan.WarmFor.Ticks} {plan.CoolDown.Ticks}\n");
        text.Append(plan.Fallback).Append('\n').Append(plan.BreakGlass);
        if (plan.NoWayBack is { } why)
        {
            text.Append('\n').Append(why); // Only then, so that plans from before there was such a thing keep their names.
        }

        if (plan.WarmCapacity is var capacity and not 1)
        {
            text.Append(CultureInfo.InvariantCulture, $"\ncapacity {capacity:R}");
        }

        if (plan.ShadowRule is var rule && rule != new Evidence.ShadowRule())
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{rule.Margin:R} {rule.MostDropped:R} {rule.LeastAgreement:R} {rule.MostSlowdown:R} {rule.MostLengthChange:R}");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static void Append(StringBuilder text, CanaryStep? step) => text.Append(
        CultureInfo.InvariantCulture, $"{step?.BasisPoints ?? 0} {step?.Dwell.Ticks ?? 0} {step?.MinUnits ?? 0} {step?.Approval ?? false}\n");
}
