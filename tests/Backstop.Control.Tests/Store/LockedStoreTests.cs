using System.Net;
using System.Net.Http.Json;
using Backstop.Control.Tests.Harness;
using Backstop.Control.Tests.Rollouts;
using Microsoft.Data.Sqlite;

namespace Backstop.Control.Tests.Store;

/// <summary>Another process holds the file of the store.</summary>
public sealed class LockedStoreTests
{
    [Fact]
    public async Task E22_an_abort_while_the_store_is_held_is_told_to_come_again_and_done_when_it_does()
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await using var gateway = await FleetGateway.Connect(server);
        var id = await RolloutTests.Submit(server, new { steps = Array.Empty<object>(), bake_ms = 3_600_000, verify_window_ms = 200 });
        await server.RolloutReaches(id, "baking");

        await using (var other = new SqliteConnection($"Data Source={Path.Combine(server.Data, "backstop.db")};Pooling=false"))
        {
            await other.OpenAsync(TestContext.Current.CancellationToken);
            await using var hold = other.CreateCommand();
            hold.CommandText = "BEGIN IMMEDIATE";
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            using var answer = await server.Api.PostAsJsonAsync($"/api/v1/rollouts/{id}/abort", new { reason = "test" }, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.NotNull(answer.Headers.RetryAfter);
            Assert.Contains("held by another process", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.Equal("baking", (string)(await server.Get($"rollouts/{id}"))["status"]!);
        }

        Assert.Equal(HttpStatusCode.OK, (await server.Post($"rollouts/{id}/abort", new { reason = "test" })).Status);
        await server.RolloutReaches(id, "rolled_back");
    }
}
