using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Registry;
using Microsoft.Data.Sqlite;

namespace Backstop.Control.Tests.Store;

public sealed class SqliteStoreTests : IDisposable
{
    private static readonly JournalDraft Why = new("test", "tester", "because");
    private static readonly AliasRecord First = new() { Name = "assistant:prod", Current = "v7", Salt = "s" };

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-store-").FullName;
    private readonly DurableStore _store;
    private readonly AliasStore _aliases;

    public SqliteStoreTests()
    {
        _store = DurableStore.At(new StoreAddress.Sqlite(_directory));
        _aliases = new(_store, TimeProvider.System);
    }

    [Fact]
    public async Task A_committed_swap_is_in_the_files_without_closing_them()
    {
        await _store.Open(CancellationToken.None);
        await _aliases.Create(First, Why);
        var alias = First;
        for (var i = 0; i < 25; i++)
        {
            var next = alias with { Generation = alias.Generation + 1, Current = $"v{i}" };
            Assert.IsType<CommitResult.Committed>(await _aliases.Commit(alias, next, rollout: null, Why));
            alias = next;

            // What a killed process leaves behind is what its files hold at that moment.
            Assert.Equal(alias.Generation, await GenerationInCopyOfFiles());
        }
    }

    [Fact]
    public async Task A_store_from_before_migrations_is_taken_over_with_all_it_holds()
    {
        Execute(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "before-migrations.sql"), TestContext.Current.CancellationToken));
        await _store.Open(CancellationToken.None);
        var alias = (await _aliases.Find("assistant:prod"))!;
        Assert.Equal(1, alias.Generation);
        Assert.IsType<CommitResult.Committed>(await _aliases.Commit(alias, alias with { Generation = 2, Current = "v8" }, rollout: null, Why));
        Assert.Null(await _store.Read(Journal.Verify));

        await _store.Open(CancellationToken.None); // The second start finds nothing to do.
        Assert.Equal(2, (await _aliases.Find("assistant:prod"))!.Generation);
    }

    [Fact]
    public async Task A_store_with_an_unknown_schema_number_is_refused()
    {
        Execute("CREATE TABLE Schema (Id INTEGER PRIMARY KEY, Version INTEGER NOT NULL); INSERT INTO Schema VALUES (1, 99);");
        var refusal = await Assert.ThrowsAsync<StoreException>(() => _store.Open(CancellationToken.None));
        Assert.Contains("99", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_by_name()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "backstop.db"), new string('x', 5000), TestContext.Current.CancellationToken);
        var refusal = await Assert.ThrowsAsync<StoreException>(() => _store.Open(CancellationToken.None));
        Assert.Contains("backstop.db", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_directory, "backstop.db")};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private async Task<long> GenerationInCopyOfFiles()
    {
        var copy = Directory.CreateTempSubdirectory("backstop-copy-").FullName;
        foreach (var file in Directory.EnumerateFiles(_directory).Where(f => !f.EndsWith("-shm", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        using (var store = DurableStore.At(new StoreAddress.Sqlite(copy)))
        {
            var alias = await new AliasStore(store, TimeProvider.System).Find(First.Name);
            Assert.Null(await store.Read(Journal.Verify));
            store.Dispose();
            Directory.Delete(copy, recursive: true);
            return alias!.Generation;
        }
    }
}
