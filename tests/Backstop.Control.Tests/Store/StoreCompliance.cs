using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Control.Tests.Harness;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Tests.Store;

/// <summary>What every kind of store keeps to. Several stores on one database stand for several control planes.</summary>
public abstract partial class StoreCompliance : IAsyncLifetime
{
    private const int Planes = 4;
    private static readonly JournalDraft Why = new("test", "tester", "because");
    private static readonly AliasRecord First = new() { Name = "assistant:prod", Current = "v7", Salt = "s" };

    private DurableStore[] _planes = [];

    private DurableStore Store => _planes[0];

    private AliasStore Aliases => new(Store, TimeProvider.System);

    /// <summary>A store that is empty.</summary>
    private protected abstract Task<StoreAddress> NewStore();

    public async ValueTask InitializeAsync()
    {
        var address = await NewStore();
        _planes = [.. Enumerable.Range(0, Planes).Select(_ => DurableStore.At(address))];
        await Store.Open(CancellationToken.None);
    }

    public virtual ValueTask DisposeAsync()
    {
        foreach (var plane in _planes)
        {
            plane.Dispose();
        }

        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Control_planes_that_start_at_once_make_one_schema()
    {
        var address = await NewStore();
        var planes = Enumerable.Range(0, Planes).Select(_ => DurableStore.At(address)).ToArray();
        await Task.WhenAll(planes.Select(p => Task.Run(() => p.Open(CancellationToken.None))));
        Assert.IsType<CommitResult.Committed>(await new AliasStore(planes[^1], TimeProvider.System).Create(First, Why));
        Assert.Null(await planes[0].Read(Journal.Verify));
        Array.ForEach(planes, p => p.Dispose());
    }

    [Fact]
    public async Task The_migrations_make_what_the_program_expects() =>
        Assert.False(await Store.Read(context => Task.FromResult(context.Database.HasPendingModelChanges())));

    [Fact]
    public async Task A_store_of_a_newer_program_is_refused_and_left_alone()
    {
        await Tell("""INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion") VALUES ('99990101000000_Tomorrow', '99.0')""");
        var refusal = await Assert.ThrowsAsync<StoreException>(() => Store.Open(CancellationToken.None));
        Assert.Contains("99990101000000_Tomorrow", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("newer", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_somebody_else_is_refused_and_left_alone()
    {
        var address = await NewStore();
        using var store = DurableStore.At(address);
        await store.Read(context => context.Database.ExecuteSqlRawAsync("""CREATE TABLE "Gateways" ("Theirs" integer)"""));
        var refusal = await Assert.ThrowsAsync<StoreException>(() => store.Open(CancellationToken.None));
        Assert.Contains("Gateways", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("of its own", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => store.Read(context => context.Database.ExecuteSqlRawAsync("SELECT * FROM \"Aliases\"")));
    }

    [Fact]
    public async Task Text_comes_back_as_it_went_in()
    {
        var reason = "Grüße, “quoted” 'text' \\ {0} 🙂\n\tעברית " + new string('x', 100_000);
        await Aliases.Create(First, Why with { Reason = reason });
        Assert.Equal(reason, await Store.Read(context => context.Journal.Select(e => e.Reason).SingleAsync()));
        Assert.Null(await Store.Read(Journal.Verify));
    }

    [Fact]
    public async Task Names_sort_by_their_characters_whatever_the_language_of_the_server()
    {
        string[] names = ["a:b", "B:b", "a-b:c", "Z:z", "_:x", "ab:c", "a:B"];
        foreach (var name in names)
        {
            await Aliases.Create(First with { Name = name }, Why);
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), (await Aliases.All()).Select(a => a.Name));
    }

    private protected Task<int> Tell(string sql) => Store.Read(context => context.Database.ExecuteSqlRawAsync(sql));

    private static AliasRecord Next(AliasRecord alias, string current) => alias with { Generation = alias.Generation + 1, Current = current };

    private static StoredRollout Rollout(string id) => new()
    {
        SubmittedAt = DateTimeOffset.UnixEpoch,
        Evidence = new EvidencePlan(),
        Rollout = RolloutMachine.Submit(First, id, "v8", RolloutPlan.AtOnce, DateTimeOffset.UnixEpoch).Next.Rollout,
    };

    private Task<int> Entries() => Store.Read(context => context.Journal.CountAsync());

    /// <summary>Does something many times at once, each time in the name of the next control plane.</summary>
    private Task<T[]> AtOnce<T>(int times, Func<DurableStore, int, Task<T>> act) =>
        Task.WhenAll(Enumerable.Range(0, times).Select(i => Task.Run(() => act(_planes[i % Planes], i))));
}

public sealed class SqliteCompliance : StoreCompliance
{
    private readonly List<string> _directories = [];

    private protected override Task<StoreAddress> NewStore()
    {
        _directories.Add(Directory.CreateTempSubdirectory("backstop-store-").FullName);
        return Task.FromResult<StoreAddress>(new StoreAddress.Sqlite(_directories[^1]));
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directories.ForEach(d => Directory.Delete(d, recursive: true));
    }
}

public sealed class PostgresCompliance(PostgresFixture postgres) : StoreCompliance
{
    private protected override Task<StoreAddress> NewStore() => postgres.NewDatabase();
}
