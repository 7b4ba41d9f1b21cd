using System.Text.Json.Serialization;
using Backstop.Core.Rollouts;

namespace Backstop.Control.Rollouts;

/// <summary>What a person asks of a rollout, as it travels between control nodes.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "do")]
[JsonDerivedType(typeof(Abort), "abort")]
[JsonDerivedType(typeof(Pause), "pause")]
[JsonDerivedType(typeof(Resume), "resume")]
[JsonDerivedType(typeof(Approve), "approve")]
[JsonDerivedType(typeof(Trip), "trip")]
[JsonDerivedType(typeof(ChangePlan), "change_plan")]
public abstract record RolloutCommand
{
    private RolloutCommand()
    {
    }

    /// <summary>The event, now.</summary>
    public abstract RolloutEvent ToEvent(DateTimeOffset at, string actor);

    public sealed record Abort(string Reason) : RolloutCommand
    {
        public override RolloutEvent ToEvent(DateTimeOffset at, string actor) => new RolloutEvent.AbortRequested(at, Reason);
    }

    public sealed record Pause(string Reason) : RolloutCommand
    {
        public override RolloutEvent ToEvent(DateTimeOffset at, string actor) => new RolloutEvent.PauseRequested(at, $"paused by {actor}: {Reason}");
    }

    public sealed record Resume : RolloutCommand
    {
        public override RolloutEvent ToEvent(DateTimeOffset at, string actor) => new RolloutEvent.ResumeRequested(at);
    }

    /// <param name="Step">Index of the last step that is approved; the promotion is the one after the last.</param>
    public sealed record Approve(int Step) : RolloutCommand
    {
        public override RolloutEvent ToEvent(DateTimeOffset at, string actor) => new RolloutEvent.Approved(at, Step);
    }

    /// <summary>One event that no rate excuses was confirmed.</summary>
    public sealed record Trip(string Reason) : RolloutCommand
    {
        public override RolloutEvent ToEvent(DateTimeOffset at, string actor) => new RolloutEvent.SafetyTripped(at, $"{actor}: {Reason}");
    }

    /// <param name="Approval">Why a looser plan is right; null for one that is only tighter.</param>
    public sealed record ChangePlan(RolloutPlan Plan, string? Approval) : RolloutCommand
    {
        public override RolloutEvent ToEvent(DateTimeOffset at, string actor) =>
            new RolloutEvent.PlanChanged(at, Plan, Approval is null ? null : $"{actor}: {Approval}");
    }
}
