using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;

namespace Backstop.Control.Store;

/// <summary>Brings the schema to what this program reads and writes.</summary>
/// <remarks>
/// In one transaction, all of it or nothing. Entity Framework's own way takes a lock that is a row in SQLite: a process that
/// is killed while it migrates would leave it there, and the next would wait for ever.
/// </remarks>
internal static class SchemaUpgrade
{
    // To make a script takes longer than to run it, and a program that starts opens two stores: its own and that of the rehearsal.
    private static readonly ConcurrentDictionary<(Type Kind, string? From), Lazy<string>> Scripts = new();

    /// <summary>Applies the migrations that the store lacks.</summary>
    /// <exception cref="StoreException">A newer program wrote the store, or it is not one.</exception>
    public static async Task Run(StoreContext context, StoreEngine engine, CancellationToken cancel)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancel);
        var unnumbered = await engine.HoldSchema(context, cancel);
        var history = context.GetService<IHistoryRepository>();
        var known = context.Database.GetMigrations().ToArray();
        List<string> applied = await engine.HasTable(context, HistoryRepository.DefaultTableName, cancel)
            ? [.. (await history.GetAppliedMigrationsAsync(cancel)).Select(row => row.MigrationId)]
            : [];
        if (applied.Except(known, StringComparer.Ordinal).FirstOrDefault() is { } newer)
        {
            throw new StoreException(
                $"The store {engine.Place} was written by a newer program: it has the change {newer}. Start it with that program, or name another store.");
        }

        if (applied.Count == known.Length)
        {
            return;
        }

        if (applied.Count == 0 && unnumbered is not null)
        {
            await Execute(context, transaction, history.GetCreateIfNotExistsScript(), cancel);
            await Execute(context, transaction, history.GetInsertScript(new(unnumbered, ProductInfo.GetVersion())), cancel);
            applied.Add(unnumbered);
        }

        var script = Scripts.GetOrAdd((context.GetType(), applied.LastOrDefault()), key => new(() => context.GetService<IMigrator>().GenerateScript(
            key.From, toMigration: null, MigrationsSqlGenerationOptions.NoTransactions))).Value;
        try
        {
            await Execute(context, transaction, script, cancel);
        }
        catch (System.Data.Common.DbException e) when (engine.Outage(e) is null)
        {
            throw new StoreException(
                $"The store {engine.Place} cannot be brought up to date, and was left as it is: {e.Message}. Give Backstop a database of its own, empty at first.", e);
        }

        await transaction.CommitAsync(cancel);
    }

    // Not through Entity Framework, which would take braces in the text for parameters.
    private static async Task Execute(StoreContext context, IDbContextTransaction transaction, string script, CancellationToken cancel)
    {
        await using var command = context.Database.GetDbConnection().CreateCommand();
        command.Transaction = transaction.GetDbTransaction();
        command.CommandText = script;
        await command.ExecuteNonQueryAsync(cancel);
    }
}
