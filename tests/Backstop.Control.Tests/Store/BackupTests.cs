using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Control.Tests.Harness;
using Microsoft.Data.Sqlite;

namespace Backstop.Control.Tests.Store;

public sealed class BackupTests : IDisposable
{
    private const string Alias = "assistant:prod";
    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-backup-").FullName;

    private string Data => Path.Combine(_directory, "data");

    private string File => Path.Combine(_directory, "copy.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_was_backed_up_while_it_was_used_is_the_truth_again_and_gateways_that_know_more_obey_it()
    {
        var server = await ControlServer.Start(Data);
        await server.Register("v7", new("http://127.0.0.1:9"), "m");
        await server.Register("v8", new("http://127.0.0.1:9"), "n");
        await server.CreateAlias(Alias, "v7");
        Assert.Equal(3, await SqliteFiles.Backup(Data, File, CancellationToken.None));
        await server.Post($"aliases/{Alias}/swap", new { release = "v8", expected_generation = 1, reason = "after the backup" });
        var taken = await Assert.ThrowsAsync<StoreException>(Restore);
        Assert.Contains("stop the server", taken.Message, StringComparison.Ordinal);
        await server.Stop();

        var before = await Restore();
        Assert.True(System.IO.File.Exists(before));
        await using var again = await ControlServer.Start(Data);
        var alias = await again.Get($"aliases/{Alias}");
        Assert.Equal("v7", (string)alias["current"]!["name"]!);
        Assert.True((bool)(await again.Get("journal/check"))["intact"]!);

        await using var gateway = await FleetGateway.Connect(again, applied: new Protocol.Applied { Alias = Alias, Epoch = 1, Generation = 2 });
        await Eventually.Is(() => Task.FromResult(gateway.Routes.ToArray()), routes => routes.Length > 0);
        var route = gateway.Routes.First().Route;
        Assert.Equal((string)alias["current"]!["digest"]!, route.Current);
        Assert.True(route.Epoch > 1);
    }

    [Fact]
    public async Task A_file_that_is_no_backup_replaces_nothing()
    {
        using (var store = DurableStore.At(new StoreAddress.Sqlite(Data)))
        {
            await store.Open(CancellationToken.None);
            await new AliasStore(store, TimeProvider.System).Create(new() { Name = Alias, Current = "v7", Salt = "s" }, new("test", "test", "test"));
        }

        await Assert.ThrowsAsync<StoreException>(Restore);
        await System.IO.File.WriteAllTextAsync(File, "no database", TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<StoreException>(Restore);
        System.IO.File.Delete(File);

        await SqliteFiles.Backup(Data, File, CancellationToken.None);
        await Assert.ThrowsAsync<StoreException>(() => SqliteFiles.Backup(Data, File, CancellationToken.None));
        await Tamper();
        Assert.Contains("not whole", (await Assert.ThrowsAsync<StoreException>(Restore)).Message, StringComparison.Ordinal);
        Assert.Equal(["backstop.db"], Directory.GetFileSystemEntries(Data).Select(Path.GetFileName).Where(f => !f!.EndsWith("-wal", StringComparison.Ordinal) && !f.EndsWith("-shm", StringComparison.Ordinal)));
    }

    private Task<string?> Restore() => SqliteFiles.Restore(File, Data, "ann", TimeProvider.System, CancellationToken.None);

    private async Task Tamper()
    {
        await using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "UPDATE Journal SET Reason = 'nothing happened'";
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
