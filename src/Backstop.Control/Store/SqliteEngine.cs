using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Backstop.Control.Store;

/// <summary>The tables in SQLite.</summary>
internal sealed class SqliteContext(DbContextOptions<SqliteContext> options) : StoreContext(options);

/// <summary>One file on one machine.</summary>
internal sealed class SqliteEngine : StoreEngine
{
    private const int FirstSchema = 1;

    // Another process may hold the file. Whoever asks must hear so while he still listens: a call to an owner lasts 30 s at most.
    private const int LongestWaitSeconds = 5;

    private readonly string _path;
    private readonly DbContextOptions<SqliteContext> _options;

    public SqliteEngine(string directory)
    {
        _path = Path.Combine(Directory.CreateDirectory(directory).FullName, "backstop.db");
        var connection = new SqliteConnectionStringBuilder { DataSource = _path, DefaultTimeout = LongestWaitSeconds };
        _options = new DbContextOptionsBuilder<SqliteContext>()
            .UseSqlite(connection.ToString())
            .AddInterceptors(new Durability())
            .Options;
    }

    public override string Place => _path;

    public override bool HasOneWriter => true;

    public override StoreContext NewContext() => new SqliteContext(_options);

    // Transactions that write exclude each other here already. The first programs kept the schema's number in a table.
    public override async Task<string?> HoldSchema(StoreContext context, CancellationToken cancel)
    {
        if (!await HasTable(context, "Schema", cancel))
        {
            return null;
        }

        var schema = await context.Database.SqlQueryRaw<long>("SELECT coalesce(max(Version), 1) AS Value FROM Schema").SingleAsync(cancel);
        return schema == FirstSchema
            ? context.Database.GetMigrations().First()
            : throw new StoreException(
                $"The store {_path} has schema {schema}, which this program does not know. Start it with the program that wrote it, or with another data directory.");
    }

    public override async Task<bool> HasTable(StoreContext context, string name, CancellationToken cancel) =>
        await context.Database.SqlQuery<long>($"SELECT count(*) AS Value FROM sqlite_master WHERE type = 'table' AND name = {name}").SingleAsync(cancel) > 0;

    public override string? Outage(Exception e) => Cause<SqliteException>(e) is { SqliteErrorCode: 5 or 8 or 10 or 11 or 13 or 14 or 26 } failure
        ? failure.SqliteErrorCode == 5
            ? $"The store {_path} is held by another process ({failure.Message}). Let that end, such as a program that looks into the file, and try again."
            : $"The store {_path} cannot be used: {failure.Message} Look at the disk, its free space and the file's rights, and try again."
        : null;

    public override void CloseIdle()
    {
        using var context = NewContext();
        SqliteConnection.ClearPool((SqliteConnection)context.Database.GetDbConnection());
    }

    /// <summary>Write-ahead log, and its end on the disk before a commit returns.</summary>
    private sealed class Durability : DbConnectionInterceptor
    {
        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Set(connection);

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            Set(connection);
            return Task.CompletedTask;
        }

        private static void Set(DbConnection connection)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
            command.ExecuteNonQuery();
        }
    }
}
