namespace Backstop.Core.Rollouts;

/// <summary>Where a rollout is.</summary>
public enum RolloutStatus
{
    Gating,
    Warming,
    Canary,
    Held,
    Promoting,
    Baking,
    Completed,
    RollingBack,
    Verifying,
    RolledBack,
    RollbackDegraded,
    Rejected,
}

/// <summary>The staged exposure of one candidate on one alias.</summary>
public sealed record Rollout
{
    public required string Id { get; init; }

    public required string Alias { get; init; }

    /// <summary>Digest of the release that was current when the rollout was submitted: the one to return to.</summary>
    public required string Baseline { get; init; }

    /// <summary>Digest of the release being exposed.</summary>
    public required string Candidate { get; init; }

    public required RolloutPlan Plan { get; init; }

    public required RolloutStatus Status { get; init; }

    /// <summary>Index of the canary step, meaningful in <see cref="RolloutStatus.Canary"/> and <see cref="RolloutStatus.Held"/>.</summary>
    public int Step { get; init; }

    /// <summary>When the present status (or step) began. Deadlines are counted from here.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Why the rollout was aborted. Written once; every write that raises exposure requires it to be null.</summary>
    public string? Abort { get; init; }

    /// <summary>Why it is held, rejected or degraded.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the promoted release reached all traffic, so that a rollback means a swap and not a withdrawal.</summary>
    public bool Promoted { get; init; }

    /// <summary>Whether the holdback was raised because the promoted release looked worse than it should.</summary>
    public bool Contained { get; init; }

    /// <summary>The alias generation this rollout wrote last.</summary>
    public long Generation { get; init; }

    /// <summary>Whether nothing more will happen by itself. A completed rollout is still watched.</summary>
    public bool IsTerminal => Status is RolloutStatus.RolledBack or RolloutStatus.Rejected or RolloutStatus.Completed;
}
