using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Backstop.Control.Store;

/// <summary>The tables in PostgreSQL.</summary>
internal sealed class PostgresContext(DbContextOptions<PostgresContext> options) : StoreContext(options)
{
    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);

        // Names sort by their characters, as in SQLite and in the program, and not by the server's language.
        foreach (var text in modelBuilder.Model.GetEntityTypes().SelectMany(e => e.GetProperties()).Where(p => p.ClrType == typeof(string)))
        {
            text.SetCollation("C");
        }
    }
}

/// <summary>A database that many machines reach.</summary>
internal sealed class PostgresEngine(StoreAddress.Postgres address) : StoreEngine
{
    // Any number that nobody else uses in this database.
    private const long SchemaLock = 0x4261636B73746F70;

    private readonly DbContextOptions<PostgresContext> _options =
        new DbContextOptionsBuilder<PostgresContext>().UseNpgsql(address.ConnectionString).Options;

    public override string Place => address.ToString();

    public override bool HasOneWriter => false;

    public override StoreContext NewContext() => new PostgresContext(_options);

    public override async Task<string?> HoldSchema(StoreContext context, CancellationToken cancel)
    {
        await context.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({SchemaLock})", cancel);
        var synchronous = await context.Database.SqlQueryRaw<string>("SELECT current_setting('synchronous_commit') AS \"Value\"").SingleAsync(cancel);
        return synchronous != "off"
            ? null
            : throw new StoreException(
                $"{Place} has synchronous_commit = off: a swap that was acknowledged could be lost in a crash. " +
                $"Switch it on: ALTER DATABASE \"{address.Database}\" SET synchronous_commit = on.");
    }

    public override Task<bool> HasTable(StoreContext context, string name, CancellationToken cancel)
    {
        var quoted = $"\"{name}\"";
        return context.Database.SqlQuery<bool>($"SELECT to_regclass({quoted}) IS NOT NULL AS \"Value\"").SingleAsync(cancel);
    }

    public override bool IsRace(Exception e) => base.IsRace(e) || Cause<PostgresException>(e) is
    {
        SqlState: PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected,
    };

    public override string? Outage(Exception e) => Cause<PostgresException>(e) is { } told
        ? Refusal(told)
        : Cause<NpgsqlException>(e) is { } failure
            ? $"The store {Place} cannot be reached: {(Cause<SocketException>(failure) ?? (Exception)failure).Message}. " +
                "Check that PostgreSQL runs there, and host and port; nothing was changed that was not acknowledged."
            : null;

    public override void CloseIdle()
    {
        using var context = NewContext();
        NpgsqlConnection.ClearPool((NpgsqlConnection)context.Database.GetDbConnection());
    }

    private string? Refusal(PostgresException told)
    {
        var user = address.User ?? "this system's user";
        var advice = told.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                $"Check the name and the password of {user}, and pg_hba.conf of the server.",
            PostgresErrorCodes.InvalidCatalogName => $"Create the database first: createdb --owner={user} {address.Database}.",
            PostgresErrorCodes.InsufficientPrivilege =>
                $"Make {user} the owner: ALTER DATABASE \"{address.Database}\" OWNER TO \"{user}\".",
            PostgresErrorCodes.ReadOnlySqlTransaction => "This server is a standby: name the primary.",
            PostgresErrorCodes.LockNotAvailable => "Another session holds a lock for too long; pg_stat_activity shows which.",
            PostgresErrorCodes.DiskFull or PostgresErrorCodes.OutOfMemory or PostgresErrorCodes.TooManyConnections =>
                "The server has run out of it; give it more.",
            _ when told.SqlState.StartsWith("57P", StringComparison.Ordinal) || told.SqlState.StartsWith("08", StringComparison.Ordinal) =>
                "The server is stopping or starting; try again.",
            _ => null,
        };
        return advice is null ? null : $"The store {Place} cannot be used: {told.MessageText}. {advice}";
    }
}
