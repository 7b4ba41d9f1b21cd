using System.Data;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Store;

/// <summary>The durable truth. What <see cref="Write"/> returned survives the death of the process and of the machine.</summary>
/// <remarks>
/// SQLite lets one writer in at a time and makes the others poll; writers of this process queue here instead, in order.
/// PostgreSQL lets many in. Correctness never rests on the queue: every write that decides something is a compare-and-set
/// in the database, and one that finds another writer before it runs again on what that one wrote.
/// </remarks>
public sealed class DurableStore : IDisposable
{
    // Each attempt loses only to a writer that got on; losing so often in a row means a bug, not a race.
    private const int MostAttempts = 20;

    private readonly StoreEngine _engine;
    private readonly SemaphoreSlim? _turn;

    private DurableStore(StoreEngine engine) => (_engine, _turn) = (engine, engine.HasOneWriter ? new(1, 1) : null);

    /// <summary>The store at an address. Nothing is connected before <see cref="Open"/>.</summary>
    public static DurableStore At(StoreAddress address) => new(address switch
    {
        StoreAddress.Sqlite sqlite => new SqliteEngine(sqlite.Directory),
        StoreAddress.Postgres postgres => new PostgresEngine(postgres),
        _ => throw new System.Diagnostics.UnreachableException(),
    });

    /// <summary>Makes the schema in an empty store, brings an older one up to date, and refuses a newer one.</summary>
    /// <exception cref="StoreException">It cannot be used; the message says why and what to do.</exception>
    public Task Open(CancellationToken cancel) => Told(() => InTurn(async () =>
    {
        await using var context = _engine.NewContext();
        await SchemaUpgrade.Run(context, _engine, cancel);
        return true;
    }));

    /// <summary>Reads.</summary>
    /// <exception cref="StoreException">The database does not answer.</exception>
    public Task<T> Read<T>(Func<StoreContext, Task<T>> read) => Told(async () =>
    {
        await using var context = _engine.NewContext();
        context.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
        return await read(context);
    });

    /// <summary>Runs one transaction: all of it is durable when this returns, or none of it happened.</summary>
    /// <param name="write">
    /// Returns the outcome and whether to keep what was written. It reads what it decides on from the context it is given: it may run more than once.
    /// </param>
    /// <exception cref="StoreException">The database does not answer; nothing is acknowledged.</exception>
    public Task<T> Write<T>(Func<StoreContext, Task<(T Outcome, bool Keep)>> write) => Told(() => InTurn(async () =>
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await Attempt(write);
            }
            catch (Exception e) when (attempt < MostAttempts && _engine.IsRace(e))
            {
                // The other writer is through by now: what it wrote can be read, and the next answer may be another one.
            }
        }
    }));

    /// <inheritdoc/>
    public void Dispose()
    {
        _turn?.Dispose();
        _engine.CloseIdle();
    }

    private async Task<T> Attempt<T>(Func<StoreContext, Task<(T Outcome, bool Keep)>> write)
    {
        await using var context = _engine.NewContext();
        await using var transaction = await context.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted);
        var (outcome, keep) = await write(context);
        if (keep)
        {
            await context.SaveChangesAsync();
            await transaction.CommitAsync();
        }

        return outcome;
    }

    private async Task<T> InTurn<T>(Func<Task<T>> work)
    {
        await (_turn?.WaitAsync() ?? Task.CompletedTask);
        try
        {
            return await work();
        }
        finally
        {
            _turn?.Release();
        }
    }

    private async Task<T> Told<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is not StoreException && _engine.Outage(e) is { } why)
        {
            throw new StoreException(why, e);
        }
    }
}
