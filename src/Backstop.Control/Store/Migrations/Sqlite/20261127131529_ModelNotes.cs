using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Backstop.Control.Store.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class ModelNotes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "ModelNotes",
                columns: table => new
                {
                    Model = table.Column<string>(type: "TEXT", nullable: false),
                    Version = table.Column<long>(type: "INTEGER", nullable: false),
                    Record = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ModelNotes", x => new { x.Model, x.Version });
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "ModelNotes");
        }
    }
}
