namespace Backstop.Core.Rollouts;

/// <summary>Where a rollout is.</summary>
public enum RolloutStatus
{
    Gating,
    Warming,
    Shadowing,
    Canary,
    Held,
    Promoting,
    Baking,
    Completed,
    RollingBack,
    Verifying,
    RolledBack,
    RollbackDegraded,
    Superseded,
    Rejected,
}

/// <summary>The staged exposure of one candidate on one alias.</summary>
public sealed record Rollout
{
    public required string Id { get; init; }

    public required string Alias { get; init; }

    /// <summary>Digest of the release that was current when the rollout was submitted: the one it is compared with.</summary>
    public required string Baseline { get; init; }

    /// <summary>Digest of the release being exposed.</summary>
    public required string Candidate { get; init; }

    public required RolloutPlan Plan { get; init; }

    /// <summary>See <see cref="Rollouts.PlanDigest"/>: what was submitted or approved. Null in a rollout from before there was one.</summary>
    public string? PlanDigest { get; init; }

    public required RolloutStatus Status { get; init; }

    /// <summary>Index of the canary step; -1 while the candidate is only shadowed, and before its first share.</summary>
    public int Step { get; init; } = -1;

    /// <summary>When the present status (or step) began. Deadlines that lower exposure are counted from here.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>
    /// How long the present status was watched. What lets exposure rise is counted here and not by the clock: a clock that jumps,
    /// or an hour in which nobody looked, shortens no dwell and no bake.
    /// </summary>
    public TimeSpan Watched { get; init; }

    /// <summary>Up to when <see cref="Watched"/> is counted.</summary>
    public DateTimeOffset WatchedAt { get; init; }

    /// <summary>Why the rollout was aborted. Written once; every write that raises exposure requires it to be null.</summary>
    public string? Abort { get; init; }

    /// <summary>Why it is held, rejected or degraded.</summary>
    public string? Reason { get; init; }

    /// <summary>What a step that is otherwise ready waits for: an approval, the end of a freeze, a warm release to return to.</summary>
    public string? Waits { get; init; }

    /// <summary>How much of the present status was watched when it began to wait for an approval, or null.</summary>
    public TimeSpan? WaitsFrom { get; init; }

    /// <summary>Steps up to this index are approved; the promotion is the one after the last. -1 when none is.</summary>
    public int ApprovedStep { get; init; } = -1;

    /// <summary>Whether a person paused it: then only a person lets it go on.</summary>
    public bool Paused { get; init; }

    /// <summary>Whether a hold that lasted too long took the candidate's share away.</summary>
    public bool Shrunk { get; init; }

    /// <summary>When both releases last answered a warm-up request, or null.</summary>
    public DateTimeOffset? WarmedAt { get; init; }

    /// <summary>When they were asked last, or null.</summary>
    public DateTimeOffset? WarmthAskedAt { get; init; }

    /// <summary>Whether the promoted release reached all traffic, so that a rollback means a swap and not a withdrawal.</summary>
    public bool Promoted { get; init; }

    /// <summary>Whether the holdback was raised because the promoted release looked worse than it should.</summary>
    public bool Contained { get; init; }

    /// <summary>Why evidence that asks for a rollback was not followed: a pin, or a rollback shortly before. Null when nothing stands against one.</summary>
    public string? Withheld { get; init; }

    /// <summary>Whether every gateway has acknowledged the rollback.</summary>
    public bool Acknowledged { get; init; }

    /// <summary>Id of the rollout that takes this one's place, or null.</summary>
    public string? SupersededBy { get; init; }

    /// <summary>The alias generation this rollout wrote last.</summary>
    public long Generation { get; init; }

    /// <summary>Whether nothing more will happen by itself. A completed rollout is still watched.</summary>
    public bool IsTerminal =>
        Status is RolloutStatus.RolledBack or RolloutStatus.Rejected or RolloutStatus.Completed or RolloutStatus.Superseded;
}
