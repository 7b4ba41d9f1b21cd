using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Backstop.Control.Store.Migrations.Sqlite
{
    /// <summary>The end of the journal gets a row of its own, and the migrations replace the schema's number.</summary>
    public partial class JournalHead : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "JournalHead",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false),
                    Sequence = table.Column<long>(type: "INTEGER", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_JournalHead", x => x.Id);
                });

            migrationBuilder.Sql(
                """
                INSERT INTO "JournalHead" ("Id", "Sequence", "Hash", "At")
                SELECT 1,
                       coalesce(max("Sequence"), 0),
                       coalesce((SELECT "Hash" FROM "Journal" ORDER BY "Sequence" DESC LIMIT 1),
                                'sha256:0000000000000000000000000000000000000000000000000000000000000000'),
                       coalesce(max("At"), 0)
                FROM "Journal";
                """);

            migrationBuilder.CreateIndex(
                name: "IX_Journal_Alias_At",
                table: "Journal",
                columns: new[] { "Alias", "At" });

            migrationBuilder.DropTable(
                name: "Schema");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "Schema",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Schema", x => x.Id);
                });

            migrationBuilder.Sql("""INSERT INTO "Schema" ("Id", "Version") VALUES (1, 1);""");

            migrationBuilder.DropIndex(
                name: "IX_Journal_Alias_At",
                table: "Journal");

            migrationBuilder.DropTable(
                name: "JournalHead");
        }
    }
}
