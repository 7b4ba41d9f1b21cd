using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backstop.Control.Store;
using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Api;

/// <summary>Writes that may be sent again, and writes that hold for one state only.</summary>
public sealed class RepeatedRequestTests(PostgresFixture postgres)
{
    private const string Swap = "aliases/assistant:prod/swap";

    [Fact]
    public Task What_is_asked_twice_under_one_key_is_done_once_and_answered_alike_also_after_a_restart_on_sqlite() => Repeat(store: null);

    [Fact]
    public async Task What_is_asked_twice_under_one_key_is_done_once_and_answered_alike_also_after_a_restart_on_postgres() => await Repeat(await postgres.NewDatabase());

    [Fact]
    public async Task Of_many_who_ask_the_same_under_one_key_at_once_one_is_heard()
    {
        await using var server = await Filled();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Send(server, "aliases/assistant:prod/pin", new { reason = "held" }, "k")));
        Assert.All(answers, a => Assert.True(a.Status is HttpStatusCode.OK or HttpStatusCode.Conflict, $"{a.Status} {a.Body}"));
        Assert.Single((await server.Get("aliases/assistant:prod/history")).AsArray(), e => (string)e!["kind"]! == "alias_pinned");
        Assert.Equal(HttpStatusCode.OK, (await Send(server, "aliases/assistant:prod/pin", new { reason = "held" }, "k")).Status);
    }

    [Fact]
    public async Task A_key_of_something_else_is_refused_and_one_under_which_nothing_was_done_is_free()
    {
        await using var server = await Filled();
        Assert.Equal(HttpStatusCode.Conflict, (await Send(server, Swap, new { release = "v8", expected_generation = 9, reason = "r" }, "k")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Send(server, Swap, new { release = "v8", expected_generation = 1, reason = "r" }, "k")).Status);
        var (status, _, body) = await Send(server, Swap, new { release = "v7", expected_generation = 2, reason = "r" }, "k");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Contains("new key", body, StringComparison.Ordinal);
        Assert.Equal(2, (long)(await server.Get("aliases/assistant:prod"))["generation"]!);
        Assert.Equal(HttpStatusCode.BadRequest, (await Send(server, Swap, new { release = "v7", expected_generation = 2, reason = "r" }, "not visible")).Status);
    }

    [Fact]
    public async Task An_answer_that_shows_a_secret_is_kept_nowhere()
    {
        await using var server = await Filled();
        var admin = await server.NewKey("admin", ["admin"]);
        var (status, _, body) = await Send(server, "keys", new { name = "app", scopes = new[] { "read" } }, "k", admin);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("secret", body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await Send(server, Swap, new { release = "v8", expected_generation = 1, reason = "r" }, "k", admin)).Status);
    }

    [Fact]
    public async Task What_holds_for_one_state_is_not_done_to_another()
    {
        await using var server = await Filled();
        var seen = await Tag(server, "aliases/assistant:prod");
        Assert.Equal("\"1.1\"", seen);
        Assert.Equal(seen, await Tag(server, "aliases/assistant:prod/traffic"));

        var (status, tag, _) = await Send(server, "aliases/assistant:prod/pin", new { reason = "r" }, ifMatch: seen);
        Assert.Equal((HttpStatusCode.OK, "\"1.2\""), (status, tag));
        foreach (var (path, body) in new (string, object)[]
        {
            ("unpin", new { reason = "r" }), ("rollback", new { reason = "r" }), ("traffic", new { policy = new { }, reason = "r" }), ("freezes", new { windows = Array.Empty<int>(), reason = "r" }),
            ("rollouts", new { release = "v8" }), ("vouch", new { reason = "r" }), ("swap", new { release = "v8", expected_generation = 2, reason = "r" }),
        })
        {
            var (refused, _, text) = await Send(server, $"aliases/assistant:prod/{path}", body, ifMatch: seen);
            Assert.True(refused is HttpStatusCode.PreconditionFailed, $"{path}: {refused} {text}");
            Assert.Contains("\"1.2\"", (string)JsonNode.Parse(text)!["detail"]!, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Send(server, "aliases/assistant:prod/unpin", new { reason = "r" }, ifMatch: "W/\"1.2\"")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Send(server, "aliases/assistant:prod/unpin", new { reason = "r" }, ifMatch: "1.2")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Send(server, "releases", new { name = "v9", manifest = new { } }, ifMatch: "\"1.2\"")).Status);
        Assert.Equal("\"1.2\"", await Tag(server, "aliases/assistant:prod"));
        Assert.Equal(HttpStatusCode.OK, (await Send(server, "aliases/assistant:prod/unpin", new { reason = "r" }, ifMatch: "\"1.1\", \"1.2\"")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Send(server, "aliases/assistant:prod/pin", new { reason = "r" }, ifMatch: "*")).Status);
    }

    [Fact]
    public async Task A_rollout_that_moved_on_is_not_told_what_was_meant_for_it_before()
    {
        await using var model = await ModelServer.Start();
        await using var server = await ControlServer.Start();
        await server.Register("v7", model.Address, "m");
        await server.Register("v8", model.Address, "n");
        await server.CreateAlias("assistant:prod", "v7");
        await using var gateway = await FleetGateway.Connect(server);
        var (_, rollout) = await server.Post("aliases/assistant:prod/rollouts", new { release = "v8", plan = new { steps = new[] { new { basis_points = 100, dwell_ms = 3_600_000, min_units = 1000 } } } });
        var id = (string)rollout["id"]!;
        await server.RolloutReaches(id, "canary");
        var seen = await Tag(server, $"rollouts/{id}");
        var (status, paused, _) = await Send(server, $"rollouts/{id}/pause", new { reason = "r" }, ifMatch: seen);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.NotEqual(seen, paused);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Send(server, $"rollouts/{id}/resume", new { }, ifMatch: seen)).Status);
        Assert.Equal(HttpStatusCode.OK, (await Send(server, $"rollouts/{id}/resume", new { }, ifMatch: paused)).Status);
    }

    private static async Task Repeat(StoreAddress? store)
    {
        var directory = Directory.CreateTempSubdirectory("backstop-control-").FullName;
        try
        {
            var body = new { release = "v8", expected_generation = 1, reason = "r" };
            string first;
            await using (var server = await Filled(directory, store))
            {
                var (status, _, text) = await Send(server, Swap, body, "k");
                Assert.Equal(HttpStatusCode.OK, status);
                first = text;
                Assert.Equal((HttpStatusCode.OK, first), await Body(Send(server, Swap, body, "k")));
            }

            await using (var server = await ControlServer.Start(directory, store))
            {
                Assert.Equal((HttpStatusCode.OK, first), await Body(Send(server, Swap, body, "k")));
                Assert.Equal(2, (long)(await server.Get("aliases/assistant:prod"))["generation"]!);
                Assert.Equal(HttpStatusCode.Conflict, (await Send(server, Swap, body, "another")).Status);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<ControlServer> Filled(string? directory = null, StoreAddress? store = null)
    {
        var server = await ControlServer.Start(directory, store);
        await server.Register("v7", new("http://127.0.0.1:9"), "m");
        await server.Register("v8", new("http://127.0.0.1:9"), "n");
        await server.CreateAlias("assistant:prod", "v7");
        return server;
    }

    private static async Task<(HttpStatusCode, string)> Body(Task<(HttpStatusCode Status, string? Tag, string Body)> answer) => ((await answer).Status, (await answer).Body);

    private static async Task<string?> Tag(ControlServer server, string path)
    {
        using var response = await server.Api.GetAsync(new Uri("/api/v1/" + path, UriKind.Relative), TestContext.Current.CancellationToken);
        return response.Headers.ETag?.ToString();
    }

    private static async Task<(HttpStatusCode Status, string? Tag, string Body)> Send(
        ControlServer server, string path, object body, string? key = null, string? with = null, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/" + path) { Content = JsonContent.Create(body) };
        request.Headers.Authorization = with is null ? null : new("Bearer", with);
        foreach (var (name, value) in new[] { ("Idempotency-Key", key), ("If-Match", ifMatch) })
        {
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using var response = await server.Api.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, response.Headers.ETag?.ToString(), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
