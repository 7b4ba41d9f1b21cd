using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Backstop.Control.Store.Migrations.Postgres
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
                    Model = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    Record = table.Column<string>(type: "text", nullable: false, collation: "C")
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
