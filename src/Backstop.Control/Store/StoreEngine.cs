using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Store;

/// <summary>What differs between the databases; everything else about the store is the same on each.</summary>
internal abstract class StoreEngine
{
    /// <summary>Where the data is, for people: never with a password.</summary>
    public abstract string Place { get; }

    /// <summary>Whether the database lets only one writer in, so that those of this process had better queue.</summary>
    public abstract bool HasOneWriter { get; }

    /// <summary>A unit of work.</summary>
    public abstract StoreContext NewContext();

    /// <summary>
    /// Keeps other starting programs out of the schema until the transaction ends, and says which migration a schema from before
    /// migrations amounts to; null when there is none.
    /// </summary>
    /// <exception cref="StoreException">The database cannot be a store as it is set up.</exception>
    public abstract Task<string?> HoldSchema(StoreContext context, CancellationToken cancel);

    /// <summary>Whether there is a table of this name. Asking must not fail: on PostgreSQL that would end the transaction.</summary>
    public abstract Task<bool> HasTable(StoreContext context, string name, CancellationToken cancel);

    /// <summary>Whether another writer was first: the same write, run again, decides on what that one wrote.</summary>
    public virtual bool IsRace(Exception e) => e is DbUpdateConcurrencyException;

    /// <summary>A sentence about why the database does not work and what to do, or null when it is not to blame.</summary>
    public abstract string? Outage(Exception e);

    /// <summary>Closes what is kept open for reuse.</summary>
    public abstract void CloseIdle();

    /// <summary>The first of a kind in an exception and its causes: the layers between wrap as they like.</summary>
    protected static T? Cause<T>(Exception e)
        where T : Exception
    {
        for (var cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is T found)
            {
                return found;
            }
        }

        return null;
    }
}
