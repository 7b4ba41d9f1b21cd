using System.Collections.Immutable;
using Backstop.Core.Registry;

namespace Backstop.Core.Rollouts;

/// <summary>A rollout with the alias row it writes: both are committed in one transaction, or neither.</summary>
public sealed record RolloutState(Rollout Rollout, AliasRecord Alias);

/// <summary>The next state, and what to do once it is durable.</summary>
/// <param name="Refused">Why what a person asked for was not done, for that person; null when it was.</param>
public readonly record struct Decision(RolloutState Next, ImmutableArray<Effect> Effects, string? Refused = null)
{
    /// <summary>Whether anything but the watched time is different: only that must be durable before anybody acts on it.</summary>
    public bool IsNews(RolloutState before) =>
        !Effects.IsEmpty || Next.Alias != before.Alias
        || Next.Rollout with { Watched = before.Rollout.Watched, WatchedAt = before.Rollout.WatchedAt } != before.Rollout;
}
