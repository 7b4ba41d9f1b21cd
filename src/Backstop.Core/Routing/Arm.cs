namespace Backstop.Core.Routing;

/// <summary>One side of a split.</summary>
public enum Arm
{
    /// <summary>The current release of the alias.</summary>
    Baseline,

    /// <summary>The release a rollout is exposing.</summary>
    Candidate,

    /// <summary>The slice that stays on the previous release after a promotion: warm, and a concurrent control.</summary>
    Holdback,

    /// <summary>A copy of a request whose answer no user sees.</summary>
    Shadow,
}
