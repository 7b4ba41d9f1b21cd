using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;

namespace Backstop.Core.Tests.Rollouts.Model;

/// <summary>Random lives of a rollout: everything that can happen, in any order, on a clock that is sometimes set.</summary>
internal static class Histories
{
    public const string Tested = "v8";

    public static readonly DateTimeOffset Zero = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly ModelPlan[] Plans =
    [
        new("two steps", [(500, 20, 100, false), (5000, 20, 100, false)]),
        new("approvals", [(500, 10, 100, false), (2000, 10, 100, true)]) { ApprovePromotion = true, HeldAction = "shrink" },
        new("shadow first", [(1000, 10, 100, false)]) { Shadow = (2000, 10, 100), HeldAction = "keep", Fallback = "v1" },
        new("at once", []) { Holdback = 1000, Fallback = "v1" },
        new("shadow only", []) { Shadow = (2000, 10, 100), Withdraws = true, HeldAction = "shrink" },
        new("glass", [(5000, 10, 0, true)]) { BreakGlass = true, ApprovePromotion = true },
    ];

    private static readonly (string What, int Weight)[] Kinds =
    [
        ("gated", 3), ("warmed", 5), ("judged", 40), ("converged", 12), ("observed", 8), ("ticked", 16), ("abort", 1), ("tripped", 1), ("unready", 1),
        ("pause", 2), ("resume", 3), ("approve", 2), ("replan", 1), ("supersede", 1), ("taken", 2), ("pin", 1), ("unpin", 2), ("freeze", 1), ("vouch", 1),
    ];

    private static readonly string[] Wheel = [.. Kinds.SelectMany(k => Enumerable.Repeat(k.What, k.Weight))];

    private static readonly double[] Gaps = [0, 0.25, 1, 3, 5, 8, 10, 5, 8, 10, 11, 3600, -3600];

    /// <summary>One life from its seed.</summary>
    public static (ModelPlan Plan, AliasRecord Alias, Input[] Inputs) Draw(int seed, int most = 60)
    {
        var random = new Random(seed);
        var plan = Plans[random.Next(Plans.Length)];
        var verified = random.Next(4) == 0 ? "v6" : null;
        var alias = new AliasRecord
        {
            Name = "assistant:prod",
            Current = "v7",
            Salt = "s",
            LastVerified = verified,
            Quarantined = verified is not null && plan.Fallback is not null && random.Next(2) == 0 ? [verified] : [],
            RolledBackAt = plan.BreakGlass && random.Next(2) == 0 ? Zero.AddSeconds(-60) : null,
        };
        var at = 0.0;
        var inputs = new Input[random.Next(10, most)];
        for (var i = 0; i < inputs.Length; i++)
        {
            at += Gaps[random.Next(random.Next(8) == 0 ? Gaps.Length : Gaps.Length - 3)];
            inputs[i] = Draw(random, plan, at);
        }

        return (plan, alias, inputs);
    }

    public static RolloutPlan ToPlan(ModelPlan plan) => new()
    {
        Steps = [.. plan.Steps.Select(s => new CanaryStep(s.Share, TimeSpan.FromSeconds(s.Dwell), s.Units, s.Approval))],
        Shadow = plan.Shadow is { } shadow ? new(shadow.Share, TimeSpan.FromSeconds(shadow.Dwell), shadow.Units) : null,
        End = plan.Withdraws ? PlanEnd.Withdraw : PlanEnd.Promote,
        ApprovePromotion = plan.ApprovePromotion,
        HoldbackBasisPoints = plan.Holdback,
        ContainmentBasisPoints = plan.Containment,
        Bake = TimeSpan.FromSeconds(plan.Bake),
        HeldDeadline = TimeSpan.FromSeconds(plan.Held),
        HeldAction = Enum.Parse<HeldAction>(plan.HeldAction, ignoreCase: true),
        ConvergenceDeadline = TimeSpan.FromSeconds(plan.Converge),
        VerifyWindow = TimeSpan.FromSeconds(plan.Verify),
        Coverage = plan.Coverage,
        WarmFor = TimeSpan.FromSeconds(plan.WarmFor),
        CoolDown = TimeSpan.FromSeconds(plan.CoolDown),
        Fallback = plan.Fallback,
        BreakGlass = plan.BreakGlass ? "current is broken" : null,
    };

    /// <summary>What the machine is told, or null when it is something that is done to the alias itself.</summary>
    public static RolloutEvent? ToEvent(Input i, long generation)
    {
        var at = Zero.AddSeconds(i.At);
        return i.What switch
        {
            "gated" => new RolloutEvent.Gated(at, i.Ok ? null : "no"),
            "warmed" => new RolloutEvent.Warmed(at, i.Ok ? null : "cold"),
            "judged" => new RolloutEvent.Judged(at, Enum.Parse<Verdict>(i.Verdict), i.Units, i.Alarm, i.Verdict, i.Coverage, i.Bears),
            "converged" => new RolloutEvent.Converged(at, generation + i.Number),
            "observed" => new RolloutEvent.Observed(at, i.Number, TimeSpan.FromSeconds(i.Window)),
            "ticked" => new RolloutEvent.Ticked(at),
            "abort" => new RolloutEvent.AbortRequested(at, "a person"),
            "tripped" => new RolloutEvent.SafetyTripped(at, "leak"),
            "unready" => new RolloutEvent.Unready(at, "gone"),
            "pause" => new RolloutEvent.PauseRequested(at, "look"),
            "resume" => new RolloutEvent.ResumeRequested(at),
            "approve" => new RolloutEvent.Approved(at, i.Number),
            "replan" => new RolloutEvent.PlanChanged(at, ToPlan(i.Plan!), i.Ok ? "ann" : null),
            "supersede" => new RolloutEvent.SupersedeRequested(at, "r2"),
            "taken" => new RolloutEvent.TakenUp(at),
            _ => null,
        };
    }

    /// <summary>What a person does to the alias itself.</summary>
    public static AliasChange ToChange(Input i) => i.What switch
    {
        "pin" => new AliasChange.PinTo(new("ann", "launch", Zero)),
        "unpin" => new AliasChange.PinTo(null),
        "freeze" => new AliasChange.Freeze([new(Zero.AddSeconds(i.At), Zero.AddSeconds(i.At + i.Number), "holiday")]),
        "vouch" => new AliasChange.Verify(),
        _ => throw new ArgumentOutOfRangeException(nameof(i)),
    };

    private static Input Draw(Random random, ModelPlan plan, double at)
    {
        var what = Wheel[random.Next(Wheel.Length)];
        var often = random.Next(10) > 0;
        return new(what, at)
        {
            Ok = what == "replan" ? random.Next(2) == 0 : often,
            Verdict = random.Next(6) > 0 ? "Healthy" : $"{(Verdict)random.Next(6)}",
            Units = often ? 10_000 : random.Next(0, 300),
            Alarm = random.Next(30) == 0,
            Coverage = often ? 1 : 0.5,
            Bears = often ? 10_000 : 1000 * random.Next(0, 8),
            Number = what switch
            {
                "converged" => often ? 0 : -1,
                "observed" => random.Next(6) == 0 ? 1 : 0,
                "approve" => random.Next(-1, 4),
                _ => random.Next(5, 60),
            },
            Window = random.Next(0, 10),
            Plan = what == "replan" ? plan with { Steps = [.. plan.Steps.Select(s => s with { Share = s.Share * random.Next(1, 5) / 3 })] } : null,
        };
    }
}
