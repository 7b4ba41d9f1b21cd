using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Tests.Registry;

public sealed class AliasStoreTests : IDisposable
{
    private static readonly JournalDraft Why = new("test", "tester", "because");
    private static readonly AliasRecord First = new() { Name = "assistant:prod", Current = "v7", Salt = "s" };

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-store-").FullName;
    private readonly DurableStore _store;
    private readonly AliasStore _aliases;

    public AliasStoreTests()
    {
        _store = DurableStore.Sqlite(_directory);
        _aliases = new(_store, TimeProvider.System);
    }

    [Fact]
    public async Task Of_many_swaps_at_once_exactly_one_wins_per_generation()
    {
        await Create();
        var wins = new int[6];
        for (var generation = 1; generation < wins.Length; generation++)
        {
            var seen = (await _aliases.Find(First.Name))!;
            var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() =>
                _aliases.Commit(seen, Next(seen, $"v{i}"), rollout: null, Why))));
            wins[generation] = results.Count(r => r is CommitResult.Committed);
            Assert.All(results.OfType<CommitResult.Stale>(), stale => Assert.Equal(generation + 1, stale.Actual.Generation));
        }

        Assert.All(wins.Skip(1), won => Assert.Equal(1, won));
        Assert.Null(await _store.Read(Journal.Verify));
    }

    [Fact]
    public async Task A_swap_decided_on_another_epoch_is_stale()
    {
        await Create();
        var result = await _aliases.Commit(First with { Epoch = 2 }, Next(First, "v8"), rollout: null, Why);
        Assert.Equal(First.Generation, Assert.IsType<CommitResult.Stale>(result).Actual.Generation);
    }

    [Fact]
    public async Task A_committed_swap_is_in_the_files_without_closing_them()
    {
        await Create();
        var alias = First;
        for (var i = 0; i < 25; i++)
        {
            var next = Next(alias, $"v{i}");
            Assert.IsType<CommitResult.Committed>(await _aliases.Commit(alias, next, rollout: null, Why));
            alias = next;

            // What a killed process leaves behind is what its files hold at that moment.
            Assert.Equal(alias.Generation, await GenerationInCopyOfFiles());
        }
    }

    [Fact]
    public async Task A_refused_write_leaves_no_entry_and_no_rollout()
    {
        await Create();
        var before = await Entries();
        await _aliases.Commit(First with { Generation = 7 }, Next(First, "v8"), Rollout("r1"), Why);
        Assert.Equal(before, await Entries());
        Assert.Null(await _aliases.Rollout("r1"));
    }

    [Fact]
    public async Task A_second_active_rollout_of_an_alias_is_refused_by_the_store()
    {
        await Create();
        Assert.IsType<CommitResult.Committed>(await _aliases.Commit(First, First, Rollout("r1"), Why));
        Assert.IsType<CommitResult.Stale>(await _aliases.Commit(First, First, Rollout("r2"), Why));
    }

    [Fact]
    public async Task An_owner_that_was_replaced_cannot_expose_what_was_aborted_though_the_alias_did_not_move()
    {
        await Create();
        var submitted = Rollout("r1");
        await _aliases.Commit(First, First, submitted, Why);
        var aborted = submitted with { Revision = 2, Rollout = submitted.Rollout with { Status = RolloutStatus.Rejected, Abort = "a person said so" } };
        Assert.IsType<CommitResult.Committed>(await _aliases.Commit(First, First, aborted, Why));

        var exposed = submitted with { Revision = 2, Rollout = submitted.Rollout with { Status = RolloutStatus.Canary } };
        Assert.IsType<CommitResult.Stale>(await _aliases.Commit(First, Next(First, "v7") with { Candidate = "v8" }, exposed, Why));
        Assert.Null((await _aliases.Find(First.Name))!.Candidate);
    }

    [Theory]
    [InlineData("UPDATE Journal SET Reason = 'another' WHERE Sequence = 2")]
    [InlineData("UPDATE Journal SET At = At + 1 WHERE Sequence = 2")]
    [InlineData("UPDATE Journal SET Actor = 'nobody' WHERE Sequence = 3")]
    [InlineData("UPDATE Journal SET After = Before WHERE Sequence = 3")]
    [InlineData("DELETE FROM Journal WHERE Sequence = 2")]
    [InlineData("DELETE FROM Journal WHERE Sequence = 4")]
    [InlineData("UPDATE Aliases SET Generation = 9")]
    [InlineData("UPDATE Aliases SET Record = replace(Record, 'v8', 'v9')")]
    public async Task Tampering_is_found(string tampering)
    {
        await Create();
        var alias = First;
        foreach (var release in new[] { "v8", "v7", "v8" })
        {
            var next = Next(alias, release);
            await _aliases.Commit(alias, next, rollout: null, Why);
            alias = next;
        }

        Assert.Null(await _store.Read(Journal.Verify));
        Assert.Equal(1, await _store.Read(context => context.Database.ExecuteSqlRawAsync(tampering)));
        Assert.NotNull(await _store.Read(Journal.Verify));
    }

    [Fact]
    public async Task A_store_of_another_version_is_refused()
    {
        await _store.Open(CancellationToken.None);
        await _store.Read(context => context.Database.ExecuteSqlRawAsync("UPDATE Schema SET Version = 99"));
        var refusal = await Assert.ThrowsAsync<InvalidDataException>(() => _store.Open(CancellationToken.None));
        Assert.Contains("99", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static AliasRecord Next(AliasRecord alias, string current) => alias with { Generation = alias.Generation + 1, Current = current };

    private static StoredRollout Rollout(string id) => new()
    {
        SubmittedAt = DateTimeOffset.UnixEpoch,
        Evidence = new EvidencePlan(),
        Rollout = RolloutMachine.Submit(First, id, "v8", RolloutPlan.AtOnce, DateTimeOffset.UnixEpoch).Next.Rollout,
    };

    private async Task Create()
    {
        await _store.Open(CancellationToken.None);
        await _aliases.Create(First, Why);
    }

    private Task<int> Entries() => _store.Read(context => context.Journal.CountAsync());

    private async Task<long> GenerationInCopyOfFiles()
    {
        var copy = Directory.CreateTempSubdirectory("backstop-copy-").FullName;
        foreach (var file in Directory.EnumerateFiles(_directory).Where(f => !f.EndsWith("-shm", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        using (var store = DurableStore.Sqlite(copy))
        {
            var alias = await new AliasStore(store, TimeProvider.System).Find(First.Name);
            Assert.Null(await store.Read(Journal.Verify));
            store.Dispose();
            Directory.Delete(copy, recursive: true);
            return alias!.Generation;
        }
    }
}
