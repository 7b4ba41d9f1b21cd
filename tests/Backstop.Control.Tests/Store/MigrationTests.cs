using Backstop.Control.Store;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Backstop.Control.Tests.Store;

/// <summary>Whoever changes a row adds a migration, for each database. Nothing here connects to one.</summary>
public sealed class MigrationTests
{
    [Fact]
    public void The_migrations_of_SQLite_end_where_the_rows_are() => EndWhereTheRowsAre<SqliteContext>();

    [Fact]
    public void The_migrations_of_PostgreSQL_end_where_the_rows_are() => EndWhereTheRowsAre<PostgresContext>();

    private static void EndWhereTheRowsAre<T>()
        where T : StoreContext
    {
        using var context = ((IDesignTimeDbContextFactory<T>)(object)new DesignTime()).CreateDbContext([]);
        Assert.False(context.Database.HasPendingModelChanges(), "dotnet ef migrations add NAME --context " + typeof(T).Name);
        Assert.NotEmpty(context.Database.GetMigrations());
    }
}
