using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;

namespace Backstop.Control.Tests.Rollouts.Edges;

/// <summary>Two owners of one alias on one store, and what they decide in the same moment. The numbers are those of docs/rollouts.md.</summary>
public abstract class RolloutRaceTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly RolloutPlan Plan = new()
    {
        Steps = [new(500, TimeSpan.Zero, 0), new(5000, TimeSpan.Zero, 0)], VerifyWindow = TimeSpan.Zero, WarmFor = TimeSpan.FromDays(1),
    };

    private DurableStore _one = null!;
    private DurableStore _two = null!;
    private int _aliases;

    private protected abstract Task<StoreAddress> NewStore();

    public async ValueTask InitializeAsync()
    {
        var address = await NewStore();
        (_one, _two) = (DurableStore.At(address), DurableStore.At(address));
        await _one.Open(CancellationToken.None);
    }

    public virtual ValueTask DisposeAsync()
    {
        _one.Dispose();
        _two.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task E01_abort_and_promotion_in_the_same_moment_on_two_nodes_end_in_a_rollback(bool abortIsFirst)
    {
        var (one, two) = await Two(LastStep());
        var promotion = RolloutMachine.Step(one.State, Healthy);
        var abort = RolloutMachine.Step(two.State, Abort);
        Assert.Equal("v8", promotion.Next.Alias.Current);

        // Both decided on the same state; the store takes one, and the other decides again on what that one wrote.
        Assert.True(await (abortIsFirst ? two.Write(abort) : one.Write(promotion)));
        Assert.False(await (abortIsFirst ? one.Write(promotion) : two.Write(abort)));
        await (abortIsFirst ? one.Read() : two.Read());
        await (abortIsFirst ? one.Handle(Healthy) : two.Handle(Abort));
        await one.Read();
        Assert.Equal((RolloutStatus.RollingBack, "v7", null), (one.State.Rollout.Status, one.Alias.Current, one.Alias.Candidate));
        Assert.Null(await _one.Read(Journal.Verify));
    }

    [Fact]
    public async Task E01_of_many_aborts_and_promotions_at_once_an_abort_always_wins()
    {
        for (var round = 0; round < 10; round++)
        {
            var (one, two) = await Two(LastStep());
            await Task.WhenAll(Task.Run(() => one.Handle(Healthy)), Task.Run(() => two.Handle(Abort)));
            await one.Read();
            Assert.Equal(RolloutStatus.RollingBack, one.State.Rollout.Status);
            Assert.Equal("v7", one.Alias.Current);
        }

        Assert.Null(await _one.Read(Journal.Verify));
    }

    [Fact]
    public async Task E06_a_regression_wins_over_an_advance_that_another_node_is_writing()
    {
        var (one, two) = await Two(FirstStep());
        var advance = RolloutMachine.Step(one.State, Healthy);
        Assert.Equal(5000, advance.Next.Alias.CandidateBasisPoints);
        Assert.True(await one.Write(advance));
        await two.Handle(Regressed);
        Assert.Equal(1, two.Overtaken);
        Assert.Equal((RolloutStatus.RollingBack, null), (two.State.Rollout.Status, two.Alias.Candidate));
        Assert.Contains("v8", two.Alias.Quarantined);
    }

    [Fact]
    public async Task E09_a_pin_that_comes_while_a_rollback_is_computed_holds_and_pages()
    {
        var (one, two) = await Two(Promoted());
        var rollback = RolloutMachine.Step(one.State, Regressed);
        Assert.Equal("v7", rollback.Next.Alias.Current);
        await two.Change(new AliasChange.PinTo(new("ann", "the launch", Now)));
        Assert.False(await one.Write(rollback));
        await one.Read();
        var again = await one.Handle(Regressed);
        Assert.Equal("v8", one.Alias.Current);
        Assert.Contains(again.Effects, e => e is Effect.Page page && page.Reason.Contains("ann", StringComparison.Ordinal));

        // The pin binds what is automatic; a person still takes it back.
        await one.Handle(Abort);
        Assert.Equal("v7", one.Alias.Current);
    }

    [Fact]
    public async Task E10_an_approval_of_a_step_that_was_aborted_is_refused_with_the_reason()
    {
        var (one, two) = await Two(FirstStep());
        await one.Handle(Abort);
        var late = await two.Handle(new RolloutEvent.Approved(Now, Step: 1));
        await two.Read();
        Assert.Equal("it was aborted: a person", (await two.Handle(new RolloutEvent.Approved(Now, Step: 1))).Refused);

        // What was written on the state before the abort was either refused by the store and decided again, or came first.
        Assert.Equal(RolloutStatus.RollingBack, two.State.Rollout.Status);
        Assert.Equal("it was aborted: a person", late.Refused);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task E12_resume_and_abort_in_the_same_moment_end_in_a_rollback(bool resumeIsFirst)
    {
        var (one, two) = await Two(RolloutMachine.Step(FirstStep(), new RolloutEvent.PauseRequested(Now, "look")).Next);
        var resume = new RolloutEvent.ResumeRequested(Now);
        await (resumeIsFirst ? one.Handle(resume) : two.Handle(Abort));
        await (resumeIsFirst ? two.Handle(Abort) : one.Handle(resume));
        await one.Read();
        await one.Handle(Healthy);
        Assert.Equal((RolloutStatus.RollingBack, null), (one.State.Rollout.Status, one.Alias.Candidate));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task E12_pause_and_regression_in_the_same_moment_end_in_a_rollback(bool pauseIsFirst)
    {
        var (one, two) = await Two(FirstStep());
        var pause = new RolloutEvent.PauseRequested(Now, "look");
        await (pauseIsFirst ? one.Handle(pause) : two.Handle(Regressed));
        await (pauseIsFirst ? two.Handle(Regressed) : one.Handle(pause));
        await one.Read();
        Assert.Equal((RolloutStatus.RollingBack, null), (one.State.Rollout.Status, one.Alias.Candidate));
    }

    [Fact]
    public async Task E15_row_and_rollout_are_written_in_one_transaction_or_not_at_all()
    {
        var (one, two) = await Two(FirstStep());
        var before = one.State;

        // Only the rollout moves, so that the row's own comparison holds and the rollout's does not.
        await two.Handle(new RolloutEvent.Approved(Now, Step: 1));
        Assert.False(await one.Write(RolloutMachine.Step(before, Healthy)));
        await one.Read();
        Assert.Equal(before.Alias.Generation, one.Alias.Generation);
        Assert.Equal(500, one.Alias.CandidateBasisPoints);
    }

    [Fact]
    public async Task E16_an_owner_that_was_replaced_and_does_not_know_it_writes_nothing()
    {
        var (zombie, owner) = await Two(FirstStep());
        var planned = RolloutMachine.Step(zombie.State, Healthy);
        await owner.Handle(new RolloutEvent.PauseRequested(Now, "look"));
        Assert.False(await zombie.Write(planned));
        await owner.Read();
        Assert.Equal((RolloutStatus.Held, 500), (owner.State.Rollout.Status, owner.Alias.CandidateBasisPoints));
    }

    private static RolloutEvent.Judged Healthy => new(Now, Verdict.Healthy, 10_000, OneArmAlarm: false, "fine");

    private static RolloutEvent.Judged Regressed => new(Now, Verdict.Regressed, 10_000, OneArmAlarm: false, "worse");

    private static RolloutEvent.AbortRequested Abort => new(Now, "a person");

    private async Task<(Node One, Node Two)> Two(RolloutState state)
    {
        var one = (await Node.Begin(_one, state, ++_aliases))[0];
        return (one, await Node.TakeUp(_two, one.Name));
    }

    private static RolloutState FirstStep() => Play(
        RolloutMachine.Submit(new() { Name = "assistant:prod", Current = "v7", Salt = "s" }, "r1", "v8", Plan, Now).Next,
        new RolloutEvent.Gated(Now, Failed: null),
        new RolloutEvent.Warmed(Now, Failed: null));

    private static RolloutState LastStep() => Play(FirstStep(), Healthy);

    private static RolloutState Promoted() => Play(LastStep(), Healthy, new RolloutEvent.Converged(Now, 4));

    private static RolloutState Play(RolloutState state, params RolloutEvent[] events) =>
        events.Aggregate(state, (s, e) => RolloutMachine.Step(s, e).Next);
}

/// <summary>On the database of one machine.</summary>
public sealed class RolloutRacesOnSqliteTests : RolloutRaceTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-races-").FullName;

    private protected override Task<StoreAddress> NewStore() => Task.FromResult<StoreAddress>(new StoreAddress.Sqlite(_directory));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>On the database of many.</summary>
public sealed class RolloutRacesOnPostgresTests(PostgresFixture postgres) : RolloutRaceTests
{
    private protected override Task<StoreAddress> NewStore() => postgres.NewDatabase();
}
