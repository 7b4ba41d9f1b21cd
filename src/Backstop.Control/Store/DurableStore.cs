using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Backstop.Control.Store;

/// <summary>The durable truth. What <see cref="Write"/> returned survives the death of the process and of the machine.</summary>
/// <remarks>
/// SQLite lets one writer in at a time and makes the others poll; writers of this process queue here instead, in order.
/// Correctness never rests on the queue: every write that decides something is a compare-and-set in the database.
/// </remarks>
public sealed class DurableStore : IDisposable
{
    private readonly DbContextOptions<StoreContext> _options;
    private readonly SemaphoreSlim _turn = new(1, 1);

    private DurableStore(DbContextOptions<StoreContext> options) => _options = options;

    /// <summary>The store in <c>backstop.db</c> of a directory, both made when missing.</summary>
    public static DurableStore Sqlite(string directory)
    {
        var path = Path.Combine(Directory.CreateDirectory(directory).FullName, "backstop.db");
        var connection = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30 };
        return new(new DbContextOptionsBuilder<StoreContext>()
            .UseSqlite(connection.ToString())
            .AddInterceptors(new Durability())
            .Options);
    }

    /// <summary>Creates the schema in an empty store, and refuses one of another version.</summary>
    /// <exception cref="InvalidDataException">The store was written by another version.</exception>
    public Task Open(CancellationToken cancel) => Serialized(async context =>
    {
        await context.Database.EnsureCreatedAsync(cancel);
        var schema = await context.Schema.AsNoTracking().SingleOrDefaultAsync(cancel);
        if (schema is null)
        {
            context.Schema.Add(new() { Id = 1, Version = StoreContext.SchemaVersion });
            await context.SaveChangesAsync(cancel);
        }
        else if (schema.Version != StoreContext.SchemaVersion)
        {
            throw new InvalidDataException(
                $"The store has schema {schema.Version}; this program reads {StoreContext.SchemaVersion}. Start it with the program that wrote it, or with another data directory.");
        }

        return true;
    });

    /// <summary>Reads.</summary>
    public async Task<T> Read<T>(Func<StoreContext, Task<T>> read)
    {
        await using var context = new StoreContext(_options);
        context.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
        return await read(context);
    }

    /// <summary>Runs one transaction: all of it is durable when this returns, or none of it happened.</summary>
    /// <param name="write">Returns the outcome and whether to keep what was written.</param>
    public Task<T> Write<T>(Func<StoreContext, Task<(T Outcome, bool Keep)>> write) => Serialized(async context =>
    {
        await using var transaction = await context.Database.BeginTransactionAsync();
        var (outcome, keep) = await write(context);
        if (keep)
        {
            await context.SaveChangesAsync();
            await transaction.CommitAsync();
        }

        return outcome;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _turn.Dispose();
        using var context = new StoreContext(_options);
        SqliteConnection.ClearPool((SqliteConnection)context.Database.GetDbConnection());
    }

    private async Task<T> Serialized<T>(Func<StoreContext, Task<T>> write)
    {
        await _turn.WaitAsync();
        try
        {
            await using var context = new StoreContext(_options);
            return await write(context);
        }
        finally
        {
            _turn.Release();
        }
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
