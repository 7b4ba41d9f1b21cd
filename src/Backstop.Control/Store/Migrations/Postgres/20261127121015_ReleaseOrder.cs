using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Backstop.Control.Store.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class ReleaseOrder : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "IX_Releases_CreatedAt_Name",
                table: "Releases",
                columns: new[] { "CreatedAt", "Name" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Releases_CreatedAt_Name",
                table: "Releases");
        }
    }
}
