using Backstop.Control.Registry;
using Microsoft.Data.Sqlite;

namespace Backstop.Control.Store;

/// <summary>Copies of a SQLite store: made while it is used, and put back in its place.</summary>
public static class SqliteFiles
{
    private const string Name = "backstop.db";

    /// <summary>Copies a store into one file, whole, as of one moment, while a server goes on using it.</summary>
    /// <returns>How many entries the copy's journal has.</returns>
    /// <exception cref="StoreException">It cannot be copied, or the copy is not whole; then there is no copy.</exception>
    public static async Task<long> Backup(string directory, string file, CancellationToken cancel)
    {
        var source = Path.Combine(directory, Name);
        if (!File.Exists(source))
        {
            throw new StoreException($"There is no store {source}.");
        }

        if (File.Exists(file))
        {
            throw new StoreException($"{file} is there already, and a backup overwrites nothing. Choose another name.");
        }

        return await Aside(Path.GetDirectoryName(Path.GetFullPath(file))!, async aside =>
        {
            Copy(source, Path.Combine(aside, Name));
            var entries = await Check(aside, cancel);
            File.Move(Path.Combine(aside, Name), file);
            return entries;
        });
    }

    /// <summary>Puts a backup in the place of a store that no server uses, and raises the epoch of its aliases.</summary>
    /// <param name="file">The backup.</param>
    /// <param name="directory">Where the store is, or is to be.</param>
    /// <param name="actor">Who does it.</param>
    /// <param name="clock">Tells the time.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Where the store that was there is now, or null.</returns>
    /// <exception cref="StoreException">It cannot be put there; then what was there still is.</exception>
    public static Task<string?> Restore(string file, string directory, string actor, TimeProvider clock, CancellationToken cancel)
    {
        if (!File.Exists(file))
        {
            throw new StoreException($"There is no backup {file}.");
        }

        return Aside(Directory.CreateDirectory(directory).FullName, async aside =>
        {
            Copy(file, Path.Combine(aside, Name));
            await Check(aside, cancel);
            using (var store = DurableStore.At(new StoreAddress.Sqlite(aside)))
            {
                await new Reconciliation(new(store, clock), clock).Run(actor, $"restored from {Path.GetFileName(file)}");
            }

            FoldLog(Path.Combine(aside, Name));
            var place = Path.Combine(directory, Name);
            var before = PutAway(place, clock);
            File.Move(Path.Combine(aside, Name), place);
            return before;
        });
    }

    private static async Task<T> Aside<T>(string directory, Func<string, Task<T>> work)
    {
        var aside = Directory.CreateDirectory(Path.Combine(directory, $".backstop-{Guid.NewGuid():N}"));
        try
        {
            return await work(aside.FullName);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"It cannot be copied: {e.Message}", e);
        }
        finally
        {
            aside.Delete(recursive: true);
        }
    }

    private static void Copy(string from, string to)
    {
        using var source = Open(from, SqliteOpenMode.ReadWrite);
        using var target = Open(to, SqliteOpenMode.ReadWriteCreate);
        source.BackupDatabase(target);
    }

    private static async Task<long> Check(string directory, CancellationToken cancel)
    {
        using var store = DurableStore.At(new StoreAddress.Sqlite(directory));
        await store.Open(cancel);
        var (flaw, entries) = await store.Read(async context => (await Journal.Verify(context), context.JournalHead.Single().Sequence));
        return flaw is null ? entries : throw new StoreException($"The copy is not whole: {flaw}");
    }

    /// <summary>Moves what is in the write-ahead log into the file itself, so that it can be moved alone.</summary>
    private static void FoldLog(string file)
    {
        using var connection = Open(file, SqliteOpenMode.ReadWrite);
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode = DELETE;";
        command.ExecuteNonQuery();
    }

    private static string? PutAway(string place, TimeProvider clock)
    {
        if (!File.Exists(place))
        {
            return null;
        }

        // Leaving the write-ahead log needs the file for oneself: it fails while a server has it open.
        try
        {
            FoldLog(place);
        }
        catch (SqliteException e)
        {
            throw new StoreException($"{place} is in use ({e.Message}): stop the server first.", e);
        }

        var before = $"{place}.before-{clock.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}";
        File.Move(place, before);
        return before;
    }

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false, DefaultTimeout = 5 }.ToString());
        connection.Open();
        return connection;
    }
}
