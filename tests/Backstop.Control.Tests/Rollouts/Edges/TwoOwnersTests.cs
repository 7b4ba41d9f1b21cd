using System.Net;
using System.Net.Http.Json;
using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Rollouts.Edges;

/// <summary>Two control planes that do not know of each other, on one store: each believes that it owns the alias, as in the moments of a failover.</summary>
public sealed class TwoOwnersTests : IDisposable
{
    private const string Alias = "assistant:prod";
    private static readonly object Why = new { reason = "test" };
    private static readonly object OneStep = new { steps = new[] { new { basis_points = 5000, dwell_ms = 3_600_000, min_units = 1000 } } };

    private readonly string _data = Directory.CreateTempSubdirectory("backstop-two-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task What_is_meant_for_a_state_of_an_alias_is_not_done_to_the_next_one_by_the_owner_that_has_not_heard_of_it()
    {
        await using var model = await ModelServer.Start();
        await using var one = await RolloutTests.Prepared(model, data: _data);
        await using var other = await ControlServer.Start(_data);
        var (status, seen) = await Send(other, $"aliases/{Alias}/swap", new { release = "v8", expected_generation = 1, reason = "test" });
        Assert.Equal((HttpStatusCode.OK, "\"1.2\""), (status, seen));
        await Eventually.Is(() => Send(one, $"aliases/{Alias}/pin", Why), answer => answer.Status == HttpStatusCode.OK); // It finds that it is behind first.

        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Send(other, $"aliases/{Alias}/rollback", Why, ifMatch: seen)).Status);
        var alias = await one.Get($"aliases/{Alias}");
        Assert.Equal((3, "v8"), ((long)alias["generation"]!, (string)alias["current"]!["name"]!));
    }

    [Fact]
    public async Task What_is_meant_for_a_state_of_a_rollout_is_not_done_to_the_next_one_by_the_owner_that_has_not_heard_of_it()
    {
        await using var model = await ModelServer.Start();
        await using var one = await RolloutTests.Prepared(model, data: _data);
        await using var gateway = await FleetGateway.Connect(one);
        var id = await RolloutTests.Submit(one, OneStep);
        await one.RolloutReaches(id, "canary");
        await using var other = await ControlServer.Start(_data);
        var (status, seen) = await Send(other, $"rollouts/{id}/pause", Why);
        Assert.Equal(HttpStatusCode.OK, status);
        await Send(one, $"rollouts/{id}/pause", Why); // It finds that it is behind.
        Assert.Equal(HttpStatusCode.OK, (await Send(one, $"rollouts/{id}/resume", new { })).Status);

        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Send(other, $"rollouts/{id}/abort", Why, ifMatch: seen)).Status);
        Assert.Null((string?)(await one.Get($"rollouts/{id}"))["abort"]);
    }

    private static async Task<(HttpStatusCode Status, string? Tag)> Send(ControlServer server, string path, object body, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/" + path) { Content = JsonContent.Create(body) };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        using var response = await server.Api.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, response.Headers.ETag?.ToString());
    }
}
