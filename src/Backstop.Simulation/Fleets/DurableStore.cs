using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;

namespace Backstop.Simulation.Fleets;

/// <summary>What survives a crash of control. One call is one transaction: all of it, or nothing.</summary>
internal sealed class DurableStore(AliasRecord alias)
{
    private readonly List<Route> _history = [alias.ToRoute()];
    private (AliasRecord Alias, Rollout? Rollout) _before = (alias, null);

    /// <summary>The alias row.</summary>
    public AliasRecord Alias { get; private set; } = alias;

    /// <summary>The last rollout, active or over.</summary>
    public Rollout? Rollout { get; private set; }

    /// <summary>The generation that the last rollout was submitted at: what it wrote is newer.</summary>
    public long SubmittedAt { get; private set; }

    /// <summary>Every row the alias has had, oldest first.</summary>
    public IReadOnlyList<Route> History => _history;

    /// <summary>The evidence as it was last written down, as JSON.</summary>
    public string? Evidence { get; set; }

    /// <summary>Writes alias and rollout together if the alias is still at <paramref name="expected"/>.</summary>
    public bool Commit(long expected, RolloutState next)
    {
        if (Alias.Generation != expected)
        {
            return false;
        }

        if (Rollout?.Id != next.Rollout.Id)
        {
            SubmittedAt = expected;
        }

        if (next.Alias.Generation > expected)
        {
            _history.Add(next.Alias.ToRoute());
            _before = (Alias, Rollout);
        }

        (Alias, Rollout) = (next.Alias, next.Rollout);
        return true;
    }

    /// <summary>Notes the time that was watched; nothing is decided by it.</summary>
    public void Watched(Rollout rollout) => Rollout = rollout;

    /// <summary>Loses the last swap, as no store may.</summary>
    public void ForgetLast() => (Alias, Rollout) = _before;
}
