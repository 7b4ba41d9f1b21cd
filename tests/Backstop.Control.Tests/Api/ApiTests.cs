using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Api;

public sealed class ApiTests : IAsyncLifetime
{
    private static readonly object Serving = new { model = "m", replicas = new[] { "http://127.0.0.1:9" } };
    private ControlServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ControlServer.Start();
        await _server.Post("releases", new { name = "v7", manifest = new { serving = Serving } });
        await _server.Post("releases", new { name = "v8", manifest = new { serving = Serving, prompt = new { system = "Be brief." } } });
        await _server.CreateAlias("assistant:prod", "v7");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_release_registers_once_and_never_changes()
    {
        var body = new { name = "v9", manifest = new { serving = Serving, parameters = new { temperature = 0.5 } } };
        Assert.Equal(HttpStatusCode.Created, (await _server.Post("releases", body)).Status);
        Assert.Equal(HttpStatusCode.OK, (await _server.Post("releases", body)).Status);
        var (status, problem) = await _server.Post("releases", new { name = "v9", manifest = new { serving = Serving } });
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("never change", (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_diff_names_the_component_that_differs()
    {
        var diff = await _server.Get("releases/v7/diff/v8");
        Assert.Equal("prompt", (string)diff["components"]!.AsArray().Single()!);
        Assert.Equal("/prompt", (string)diff["differences"]![0]!["path"]!);
    }

    [Fact]
    public async Task A_swap_on_an_old_generation_is_refused_with_the_actual_one()
    {
        var (status, alias) = await _server.Post("aliases/assistant:prod/swap", new { release = "v8", expected_generation = 1, reason = "test" });
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("v8", (string)alias["current"]!["name"]!);
        Assert.Equal("v7", (string)alias["previous"]!["name"]!);

        var (stale, problem) = await _server.Post("aliases/assistant:prod/swap", new { release = "v7", expected_generation = 1, reason = "test" });
        Assert.Equal(HttpStatusCode.Conflict, stale);
        Assert.Equal(2, (long)problem["generation"]!);
    }

    [Fact]
    public async Task A_traffic_policy_names_releases_by_name_for_people_and_by_digest_for_gateways()
    {
        var policy = new { limits = new { alias = new { requests_per_second = 5 } }, fallback = new[] { new { release = "v8" } } };
        var (status, shaped) = await _server.Post("aliases/assistant:prod/traffic", new { policy, reason = "it is overloaded" });
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(2, (long)shaped["generation"]!);
        Assert.Equal("v8", (string)shaped["policy"]!["fallback"]![0]!["release"]!);
        var digest = (string)(await _server.Get("releases/v8"))["digest"]!;
        await using var gateway = await FleetGateway.Connect(_server);
        await gateway.Reaches(2);
        Assert.Contains(digest, gateway.Routes.Last().Route.Traffic, StringComparison.Ordinal);
        var entry = (await _server.Get("aliases/assistant:prod/history")).AsArray()[^1]!;
        Assert.Equal(("traffic_shaped", "it is overloaded"), ((string)entry["kind"]!, (string)entry["reason"]!));
    }

    [Theory]
    [InlineData("""{"policy":{"limit":{}},"reason":"r"}""", HttpStatusCode.BadRequest, "Did you mean 'limits'?")]
    [InlineData("""{"policy":{"fallback":[{"release":"v99"}]},"reason":"r"}""", HttpStatusCode.NotFound, "v99")]
    [InlineData("""{"policy":{},"reason":""}""", HttpStatusCode.BadRequest, "reason")]
    [InlineData("""{"policy":5,"reason":"r"}""", HttpStatusCode.BadRequest, "must be an object")]
    public async Task A_traffic_policy_that_could_not_work_changes_nothing(string body, HttpStatusCode expected, string says)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _server.Api.PostAsync(new Uri("/api/v1/aliases/assistant:prod/traffic", UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal(expected, response.StatusCode);
        Assert.Contains(says, JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(1, (long)(await _server.Get("aliases/assistant:prod/traffic"))["generation"]!);
    }

    [Fact]
    public async Task A_rollback_returns_to_the_previous_release_and_quarantines_the_other()
    {
        await _server.Post("aliases/assistant:prod/swap", new { release = "v8", expected_generation = 1, reason = "test" });
        var (_, alias) = await _server.Post("aliases/assistant:prod/rollback", new { reason = "it is worse" });
        Assert.Equal("v7", (string)alias["current"]!["name"]!);
        Assert.Equal(3, (long)alias["generation"]!);
        Assert.Equal("v8", (string)alias["quarantined"]![0]!["name"]!);
        Assert.Equal(HttpStatusCode.Conflict, (await _server.Post("aliases/assistant:prod/rollouts", new { release = "v8" })).Status);
        Assert.Equal(HttpStatusCode.OK, (await _server.Post("aliases/assistant:prod/approve", new { release = "v8", reason = "mended" })).Status);

        var history = (await _server.Get("aliases/assistant:prod/history")).AsArray();
        Assert.Equal(["alias_created", "alias_swapped", "alias_reverted", "release_approved"], history.Select(e => (string)e!["kind"]!));
        Assert.True((bool)(await _server.Get("journal/check"))["intact"]!);
    }

    [Fact]
    public async Task The_journal_tells_what_an_alias_served_at_any_moment_and_why()
    {
        await _server.Post("aliases/assistant:prod/swap", new { release = "v8", expected_generation = 1, reason = "the new one" });
        await _server.Post("aliases/assistant:prod/rollback", new { reason = "it is worse" });
        await _server.Post("aliases/assistant:prod/approve", new { release = "v8", reason = "mended" });
        var history = (await _server.Get("aliases/assistant:prod/history")).AsArray();
        foreach (var entry in history)
        {
            // Two decisions in one millisecond are one moment; the later one holds.
            var at = (string)entry!["at"]!;
            var holds = history.Last(e => (string)e!["at"]! == at)!;
            var then = await _server.Get($"aliases/assistant:prod/at/{Uri.EscapeDataString(at)}");
            Assert.Equal((long)holds["sequence"]!, (long)then["last"]!["sequence"]!);
            Assert.Equal((string)holds["after"]!["current"]!, (string)then["current"]!["digest"]!);
        }

        var now = await _server.Get("aliases/assistant:prod/at/2099-01-01T00:00:00Z");
        Assert.Equal(4, (long)now["generation"]!);
        Assert.Equal("it is worse", (string)now["because"]!["reason"]!);
        Assert.Equal("mended", (string)now["last"]!["reason"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.As(null, HttpMethod.Get, "aliases/assistant:prod/at/2001-01-01T00:00:00Z")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.As(null, HttpMethod.Get, "aliases/assistant:prod/at/2026-01-01T00:00:00")).Status);
    }

    [Fact]
    public async Task A_list_says_where_it_goes_on_and_ends()
    {
        for (var generation = 1; generation <= 4; generation++)
        {
            await _server.Post("aliases/assistant:prod/swap", new { release = generation % 2 == 1 ? "v8" : "v7", expected_generation = generation, reason = "again" });
        }

        var seen = new List<long>();
        for (string? next = "/api/v1/aliases/assistant:prod/history?limit=2"; next is not null;)
        {
            using var page = await _server.Api.GetAsync(next, TestContext.Current.CancellationToken);
            seen.AddRange(JsonNode.Parse(await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsArray().Select(e => (long)e!["generation"]!));
            next = page.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
        }

        Assert.Equal([1, 2, 3, 4, 5], seen);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused()
    {
        var (status, _) = await _server.Post("releases", new { name = "big", manifest = new { serving = Serving, prompt = new { system = new string('x', 2_000_000) } } });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
    }
}
