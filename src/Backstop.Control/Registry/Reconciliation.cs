using Backstop.Control.Rollouts;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;

namespace Backstop.Control.Registry;

/// <summary>Makes a store that was restored from a backup the truth again: gateways may have heard more than it remembers.</summary>
/// <remarks>
/// Gateways refuse whatever is older than what they have, and a backup is older. A higher epoch is newer than every generation
/// of the epochs before. It is taken from the clock, so that the same backup, restored twice, gets two.
/// A candidate loses its share: nobody knows what was found out about it since the backup was made.
/// </remarks>
public sealed class Reconciliation(AliasStore aliases, TimeProvider clock)
{
    /// <summary>Raises the epoch of every alias. To do it again does no harm.</summary>
    /// <param name="actor">Who does it.</param>
    /// <param name="reason">Why.</param>
    /// <returns>The aliases as they are now, by name.</returns>
    public async Task<List<AliasRecord>> Run(string actor, string reason)
    {
        var draft = new JournalDraft("epoch_raised", actor, reason);
        var raised = new List<AliasRecord>();
        foreach (var alias in await aliases.All())
        {
            raised.Add(await Raise(alias, draft));
        }

        return raised;
    }

    private async Task<AliasRecord> Raise(AliasRecord alias, JournalDraft draft)
    {
        var (next, rollout) = WithoutCandidate(alias, await aliases.LatestRollout(alias.Name), draft.Reason);
        next = next with { Epoch = Math.Max(alias.Epoch + 1, clock.GetUtcNow().ToUnixTimeSeconds()) };

        // What is compared from now on is counted under the new epoch.
        rollout = rollout is null ? null : rollout with { Revision = rollout.Revision + 1, Stages = rollout.Stages.Add(next.ToRoute()) };
        return await aliases.Commit(alias, next, rollout, draft) switch
        {
            CommitResult.Stale stale => await Raise(stale.Actual, draft),
            _ => next,
        };
    }

    private (AliasRecord, StoredRollout?) WithoutCandidate(AliasRecord alias, StoredRollout? latest, string reason)
    {
        var active = latest is { Rollout.IsTerminal: false } ? latest : null;
        if (active is { Rollout.Promoted: false })
        {
            var aborted = RolloutMachine.Step(new(active.Rollout, alias), new RolloutEvent.AbortRequested(clock.GetUtcNow(), reason)).Next;
            return (aborted.Alias, active with { Rollout = aborted.Rollout });
        }

        return alias.Candidate is not null && alias.Apply(new AliasChange.Withdraw(Quarantine: false), alias.Generation) is SwapResult.Swapped without
            ? (without.Alias, active)
            : (alias, active);
    }
}
