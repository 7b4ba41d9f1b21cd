namespace Backstop.Core.Rollouts;

/// <summary>A rehearsed rollback on live infrastructure: a slice goes to the previous release and back, and every part of it is measured.</summary>
public sealed record Drill
{
    public required string Id { get; init; }

    public required string Alias { get; init; }

    /// <summary>Digest of the release that is rehearsed as the way back.</summary>
    public required string Previous { get; init; }

    /// <summary>Share that goes to the previous release, in basis points; the whole of them rehearses a rollback in full.</summary>
    public required int BasisPoints { get; init; }

    /// <summary>The holdback to return to.</summary>
    public required int HoldbackBefore { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DrillPhase Phase { get; init; }

    /// <summary>When this phase began.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The generation of the last swap.</summary>
    public long Generation { get; init; }

    /// <summary>How long the previous release took to answer a warm-up request on every replica.</summary>
    public TimeSpan? Warm { get; init; }

    /// <summary>To the previous release.</summary>
    public DrillSegments Away { get; init; } = new();

    /// <summary>And back.</summary>
    public DrillSegments Back { get; init; } = new();

    /// <summary>Why it failed, or null while it has not.</summary>
    public string? Failed { get; init; }

    /// <summary>When it was over, or null.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether everything that a rollback needs was shown to work.</summary>
    public bool Passed => Phase == DrillPhase.Over && Failed is null;

    /// <summary>Why an alias with this as its last drill may not start a rollout, or null.</summary>
    /// <param name="last">The last drill that is over, or null when there was none.</param>
    /// <param name="every">How old a passed drill may be.</param>
    /// <param name="at">Now.</param>
    public static string? Objection(Drill? last, TimeSpan every, DateTimeOffset at) => last switch
    {
        null => "no drill has shown that a rollback works here",
        { Failed: { } why } => $"its last drill failed: {why}",
        { EndedAt: { } ended } when at - ended > every => $"its last drill was {Math.Floor((at - ended).TotalHours)} hours ago, and the policy wants one every {every.TotalHours:0.#}",
        _ => null,
    };
}

/// <summary>What one swap of a drill took, from the decision on.</summary>
/// <param name="Committed">Until it was durable.</param>
/// <param name="Converged">Until every gateway had acknowledged it.</param>
/// <param name="Observed">Until the first request was started where it should be, and none any more where it should not.</param>
public sealed record DrillSegments(TimeSpan? Committed = null, TimeSpan? Converged = null, TimeSpan? Observed = null);

/// <summary>Where a drill is.</summary>
public enum DrillPhase
{
    /// <summary>The slice was sent to the previous release; not every gateway has said so.</summary>
    GoingAway,

    /// <summary>Every gateway has said so; what they do is watched.</summary>
    WatchedAway,

    GoingBack,
    WatchedBack,
    Over,
}
