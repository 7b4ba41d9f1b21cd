using System.Data.Common;
using System.Globalization;
using Backstop.Control.Store;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Backstop.RegistryBench;

/// <summary>Inserts many rows by few statements, within the transaction of a context, on either database.</summary>
internal sealed class BulkInsert : IAsyncDisposable
{
    private const int Rows = 10; // SQLite looks each parameter up by its name, one after the other: many in one statement would cost more than they save.
    private readonly DbConnection _connection;
    private readonly DbTransaction? _transaction;
    private readonly string _table;
    private readonly string[] _columns;
    private readonly List<object?> _waiting = [];
    private DbCommand? _full;

    public BulkInsert(StoreContext context, string table, params string[] columns) =>
        (_connection, _transaction, _table, _columns) = (context.Database.GetDbConnection(), context.Database.CurrentTransaction?.GetDbTransaction(), table, columns);

    public async Task Add(CancellationToken cancel, params object?[] values)
    {
        _waiting.AddRange(values);
        if (_waiting.Count == Rows * _columns.Length)
        {
            await Run(_full ??= CommandOf(Rows), cancel);
        }
    }

    /// <summary>Inserts what still waits.</summary>
    public async Task Flush(CancellationToken cancel)
    {
        if (_waiting.Count > 0)
        {
            await using var command = CommandOf(_waiting.Count / _columns.Length);
            await Run(command, cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_full is not null)
        {
            await _full.DisposeAsync();
        }
    }

    private async Task Run(DbCommand command, CancellationToken cancel)
    {
        for (var i = 0; i < _waiting.Count; i++)
        {
            command.Parameters[i].Value = _waiting[i] ?? DBNull.Value;
        }

        _waiting.Clear();
        await command.ExecuteNonQueryAsync(cancel);
    }

    private DbCommand CommandOf(int rows)
    {
        var command = _connection.CreateCommand();
        command.Transaction = _transaction;
        for (var i = 0; i < rows * _columns.Length; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = Name(i);
            command.Parameters.Add(parameter);
        }

        var places = Enumerable.Range(0, rows).Select(row => "(" + string.Join(",", Enumerable.Range(row * _columns.Length, _columns.Length).Select(i => "@" + Name(i))) + ")");
        command.CommandText = $"INSERT INTO \"{_table}\" ({string.Join(",", _columns.Select(c => $"\"{c}\""))}) VALUES {string.Join(",", places)}";
        return command;
    }

    private static string Name(int number) => "p" + number.ToString(CultureInfo.InvariantCulture);
}
