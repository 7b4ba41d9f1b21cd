using Backstop.Control.Store;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Rollouts;

namespace Backstop.Control.Tests.Rollouts.Edges;

/// <summary>The owner dies at every point of every transition, and the next one goes on from the store alone.</summary>
public abstract class RolloutCrashTests : IAsyncLifetime
{
    private DurableStore _store = null!;
    private int _aliases;

    private protected abstract Task<StoreAddress> NewStore();

    public async ValueTask InitializeAsync()
    {
        _store = DurableStore.At(await NewStore());
        await _store.Open(CancellationToken.None);
    }

    public virtual ValueTask DisposeAsync()
    {
        _store.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void Every_status_and_every_effect_is_among_the_transitions()
    {
        var all = Transitions.All().ToList();
        Assert.Equal(Enum.GetValues<RolloutStatus>().Order(), all.SelectMany(t => new[] { t.Before.Rollout.Status, t.Decision.Next.Rollout.Status }).Distinct().Order());
        Assert.Equal(typeof(Effect).GetNestedTypes().Length - 1, all.SelectMany(t => t.Decision.Effects).Select(e => e.GetType()).Distinct().Count());
    }

    [Fact]
    public async Task E13_E14_E23_an_owner_may_die_at_every_point_of_every_transition()
    {
        foreach (var (before, e, decision) in Transitions.All())
        {
            var nodes = await Node.Begin(_store, before, ++_aliases, ++_aliases);
            await DiesBeforeCommit(nodes[0], e, decision);
            await DiesAfterCommit(nodes[1], e, decision);
        }
    }

    // What was decided and not written never was, and what is asked again ends where it would have.
    private async Task DiesBeforeCommit(Node node, RolloutEvent e, Decision decision)
    {
        var found = await Node.TakeUp(_store, node.Name);
        Assert.Equal(StoreJson.Write(node.State), StoreJson.Write(found.State));
        await found.Handle(new RolloutEvent.TakenUp(found.State.Rollout.WatchedAt));
        for (var again = 0; again < 8 && !Same(found.State, decision.Next); again++)
        {
            // Whoever waits for an answer asks again; the same fact is told again, later.
            await found.Handle(Later(e, found.State));
        }

        Assert.True(
            Same(found.State, decision.Next),
            $"{node.State.Rollout.Status} and {e}: {Words(decision.Next)} without the crash, {Words(found.State)} with it");
    }

    // All of it was written, nothing that is owed is forgotten, and what is told a second time moves nothing a second time.
    private async Task DiesAfterCommit(Node node, RolloutEvent e, Decision decision)
    {
        await node.Handle(e);
        var found = await Node.TakeUp(_store, node.Name);
        Assert.Equal(StoreJson.Write(node.State), StoreJson.Write(found.State));

        // The row is pushed at every start, incidents and pages are told again from the rollout; everything else is asked again.
        var owed = decision.Effects.Where(f => f is not (Effect.Push or Effect.OpenIncident or Effect.Page));
        Assert.All(owed, effect => Assert.Contains(effect, RolloutMachine.Unanswered(found.State.Rollout)));

        await found.Handle(new RolloutEvent.TakenUp(found.State.Rollout.WatchedAt));
        var first = Exposure(found.State);
        await found.Handle(e);
        Assert.True(Exposure(found.State) <= first, $"{node.State.Rollout.Status} and {e}, told twice: from {first} to {Exposure(found.State)}");
    }

    private static bool Same(RolloutState one, RolloutState other) => Words(one) == Words(other);

    private static string Words(RolloutState s) =>
        $"{s.Rollout.Status} {s.Rollout.Step} {s.Alias.Current} {s.Alias.Candidate} {s.Alias.CandidateBasisPoints} {s.Alias.HoldbackBasisPoints} "
        + $"{s.Rollout.Abort is null} {s.Rollout.Paused} {s.Rollout.Shrunk} {s.Rollout.Contained} {s.Rollout.ApprovedStep} {string.Join(',', s.Alias.Quarantined)}";

    private static RolloutEvent Later(RolloutEvent e, RolloutState state)
    {
        var at = state.Rollout.WatchedAt + TimeSpan.FromSeconds(5);
        return e is RolloutEvent.Converged ? new RolloutEvent.Converged(at, state.Alias.Generation) : e with { At = at };
    }

    private static int Exposure(RolloutState state) => state.Alias.Current == "v8"
        ? Core.Routing.Route.Whole - state.Alias.HoldbackBasisPoints : state.Alias.CandidateBasisPoints;
}

/// <summary>On the database of one machine.</summary>
public sealed class RolloutCrashOnSqliteTests : RolloutCrashTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-crash-").FullName;

    private protected override Task<StoreAddress> NewStore() => Task.FromResult<StoreAddress>(new StoreAddress.Sqlite(_directory));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>On the database of many.</summary>
public sealed class RolloutCrashOnPostgresTests(PostgresFixture postgres) : RolloutCrashTests
{
    private protected override Task<StoreAddress> NewStore() => postgres.NewDatabase();
}
