using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;

namespace Backstop.Control.Tests.Store;

/// <summary>After a restore, whatever gateways heard since the backup is older than what the store says.</summary>
public abstract partial class StoreCompliance
{
    [Fact]
    public async Task Every_alias_is_newer_than_anything_a_gateway_heard_before_the_restore()
    {
        await Aliases.Create(First, Why);
        await Aliases.Create(First with { Name = "ranker:prod", Epoch = 7 }, Why);
        var raised = await new Reconciliation(Aliases, _clock).Run("ann", "restored");
        Assert.Equal(["assistant:prod", "ranker:prod"], raised.Select(a => a.Name));
        Assert.All(raised, a => Assert.Equal(Noon.ToUnixTimeSeconds(), a.Epoch));
        Assert.Equal(raised.Select(a => a.Epoch), (await Aliases.All()).Select(a => a.Epoch));

        // Again at once, and again from the same backup a minute later: each is newer than the one before.
        Assert.All(await new Reconciliation(Aliases, _clock).Run("ann", "restored"), a => Assert.Equal(Noon.ToUnixTimeSeconds() + 1, a.Epoch));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.All(await new Reconciliation(Aliases, _clock).Run("ann", "restored"), a => Assert.Equal(Noon.ToUnixTimeSeconds() + 60, a.Epoch));
        Assert.Null(await Store.Read(Journal.Verify));
    }

    [Fact]
    public async Task A_candidate_of_a_backup_gets_no_traffic_after_the_restore()
    {
        await Aliases.Create(First, Why);
        var state = RolloutMachine.Submit(First, "r1", "v8", new(), Noon).Next;
        await Aliases.Commit(First, First, new() { SubmittedAt = Noon, Evidence = new EvidencePlan(), Rollout = state.Rollout }, Why);
        state = RolloutMachine.Step(RolloutMachine.Step(state, new RolloutEvent.Gated(Noon, Failed: null)).Next, new RolloutEvent.Warmed(Noon, Failed: null)).Next;
        Assert.Equal("v8", state.Alias.Candidate);
        await Aliases.Commit(First, state.Alias, new() { Revision = 2, SubmittedAt = Noon, Evidence = new EvidencePlan(), Rollout = state.Rollout }, Why);

        var raised = Assert.Single(await new Reconciliation(Aliases, _clock).Run("ann", "restored"));
        Assert.Null(raised.Candidate);
        Assert.Equal(0, raised.CandidateBasisPoints);
        var rollout = (await Aliases.LatestRollout(First.Name))!;
        Assert.Equal(RolloutStatus.RollingBack, rollout.Rollout.Status);
        Assert.Equal("restored", rollout.Rollout.Abort);
        Assert.Null(await Store.Read(Journal.Verify));
    }
}
