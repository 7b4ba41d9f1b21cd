using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Backstop.Control.Access;
using Backstop.Control.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Tests.Access;

public sealed class KeyTests : IAsyncLifetime
{
    private readonly LogBook _log = new();
    private ControlServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ControlServer.Start(log: _log);
        await _server.Register("v7", new("http://127.0.0.1:9"), "m");
        await _server.CreateAlias("assistant:prod", "v7");
        await _server.CreateAlias("ranker:prod", "v7");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task The_first_key_is_made_with_the_one_time_key_and_closes_the_server()
    {
        Assert.Equal(HttpStatusCode.OK, (await _server.As(null, HttpMethod.Get, "aliases")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.As(null, HttpMethod.Post, "keys", new { name = "eve", scopes = new[] { "admin" } })).Status);
        var once = _server.Services.GetRequiredService<Doorkeeper>().OneTimeKey;

        var admin = await _server.NewKey("ops", ["admin"]);
        Assert.Null(_server.Services.GetRequiredService<Doorkeeper>().OneTimeKey);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.As(null, HttpMethod.Get, "aliases")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.As(once, HttpMethod.Get, "aliases")).Status);
        Assert.Equal(HttpStatusCode.OK, (await _server.As(admin, HttpMethod.Get, "aliases")).Status);
    }

    [Fact]
    public async Task What_is_done_with_a_key_is_done_in_its_name_whatever_the_caller_says()
    {
        var admin = await _server.NewKey("ops", ["admin"]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/aliases/assistant:prod/approve") { Content = new StringContent("{}") };
        request.Headers.Add("x-backstop-actor", "somebody else");
        request.Headers.Authorization = new("Bearer", admin);
        await _server.Api.SendAsync(request, TestContext.Current.CancellationToken);
        await _server.As(admin, HttpMethod.Post, "releases", new { name = "v9", manifest = new { serving = new { model = "x", replicas = new[] { "http://127.0.0.1:9" } } } });
        var entries = JsonNode.Parse((await _server.As(admin, HttpMethod.Get, "journal?limit=1000")).Body)!.AsArray();
        Assert.Equal("ops", (string)entries.Single(e => (string)e!["reason"]! == "registered v9")!["actor"]!);
        Assert.Equal("one-time key", (string)entries.Single(e => (string)e!["kind"]! == "key_created")!["actor"]!);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_from_the_next_call_on()
    {
        var admin = await _server.NewKey("ops", ["admin"]);
        var ci = await _server.NewKey("ci", ["write"], with: admin);
        Assert.Equal(HttpStatusCode.OK, (await _server.As(ci, HttpMethod.Get, "releases")).Status);
        Assert.Equal(HttpStatusCode.OK, (await _server.As(admin, HttpMethod.Post, "keys/ci/revoke", new { reason = "leaked" })).Status);
        var (status, body) = await _server.As(ci, HttpMethod.Get, "releases");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("revoked", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rotated_key_and_its_successor_both_work_while_they_overlap()
    {
        var admin = await _server.NewKey("ops", ["admin"]);
        var old = await _server.NewKey("ci", ["write"], with: admin);
        var (_, body) = await _server.As(admin, HttpMethod.Post, "keys/ci/rotate", new { overlap_seconds = 3600 });
        var young = (string)JsonNode.Parse(body)!["key"]!;
        Assert.Equal(HttpStatusCode.OK, (await _server.As(old, HttpMethod.Get, "releases")).Status);
        Assert.Equal(HttpStatusCode.OK, (await _server.As(young, HttpMethod.Get, "releases")).Status);
        (_, body) = await _server.As(admin, HttpMethod.Post, "keys/ci/rotate", new { overlap_seconds = 0 });
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.As(young, HttpMethod.Get, "releases")).Status);
        Assert.Equal(HttpStatusCode.OK, (await _server.As((string)JsonNode.Parse(body)!["key"]!, HttpMethod.Get, "releases")).Status);
    }

    [Fact]
    public async Task A_key_that_is_held_to_an_alias_sees_no_trace_of_another()
    {
        var admin = await _server.NewKey("ops", ["admin"]);
        var held = await _server.NewKey("held", ["operate"], ["assistant:*"], admin);
        await _server.Register("v8", new("http://127.0.0.1:9"), "n", admin);
        var (_, rollout) = await _server.As(admin, HttpMethod.Post, "aliases/ranker:prod/rollouts", new { release = "v8" });
        var id = (string)JsonNode.Parse(rollout)!["id"]!;

        Assert.DoesNotContain("ranker", (await _server.As(held, HttpMethod.Get, "aliases")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("ranker", (await _server.As(held, HttpMethod.Get, "incidents?alias=ranker:prod")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.As(held, HttpMethod.Get, "aliases/ranker:prod")).Status);
        Assert.Equal((await _server.As(held, HttpMethod.Get, "aliases/ranker:prod")).Status, (await _server.As(held, HttpMethod.Get, "aliases/ranker:none")).Status);
        var (theirs, nothing) = (await _server.As(held, HttpMethod.Get, $"rollouts/{id}"), await _server.As(held, HttpMethod.Get, "rollouts/none"));
        Assert.Equal(nothing, theirs);
        Assert.Equal(HttpStatusCode.NotFound, theirs.Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.As(await _server.NewKey("w", ["write"], ["assistant:*"], admin), HttpMethod.Post, "aliases", new { name = "ranker:new", release = "v7" })).Status);
    }

    [Fact]
    public async Task A_key_that_cannot_be_had_is_refused_with_what_to_write()
    {
        var once = _server.Services.GetRequiredService<Doorkeeper>().OneTimeKey;
        foreach (var (wanted, says) in new (object, string)[]
        {
            (new { name = "x", scopes = new[] { "wirte" } }, "Did you mean 'write'?"),
            (new { name = "x", scopes = Array.Empty<string>() }, "at least one"),
            (new { name = "x y", scopes = new[] { "read" } }, "not a name"),
            (new { name = "x", scopes = new[] { "read" }, aliases = new[] { "assist*" } }, "assist*"),
            (new { name = "x", scopes = new[] { "admin" }, aliases = new[] { "assistant:*" } }, "admin"),
            (new { name = "x", scopes = new[] { "read" }, expires_in_seconds = 0 }, "expires_in_seconds"),
        })
        {
            var (status, body) = await _server.As(once, HttpMethod.Post, "keys", wanted);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(says, (string)JsonNode.Parse(body)!["detail"]!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_page_of_another_site_changes_nothing_and_a_name_that_is_rebound_reads_nothing()
    {
        using var foreign = new HttpRequestMessage(HttpMethod.Post, "/api/v1/aliases/assistant:prod/swap") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        foreign.Headers.Add("Sec-Fetch-Site", "cross-site");
        using var refused = await _server.Api.SendAsync(foreign, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);

        using var rebound = new HttpRequestMessage(HttpMethod.Get, "/api/v1/aliases") { Headers = { Host = "evil.example" } };
        using var silent = await _server.Api.SendAsync(rebound, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, silent.StatusCode);
    }

    [Fact]
    public async Task A_browser_may_look_with_a_password_and_change_nothing()
    {
        var admin = await _server.NewKey("ops", ["admin"]);
        Assert.Equal(HttpStatusCode.OK, await WithPassword(HttpMethod.Get, "aliases"));
        Assert.Equal(HttpStatusCode.Unauthorized, await WithPassword(HttpMethod.Post, "aliases"));

        async Task<HttpStatusCode> WithPassword(HttpMethod method, string path)
        {
            using var request = new HttpRequestMessage(method, "/api/v1/" + path);
            request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"ann:{admin}")));
            using var response = await _server.Api.SendAsync(request, TestContext.Current.CancellationToken);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task Another_control_plane_on_the_same_store_hears_of_a_key()
    {
        await using var second = await ControlServer.Start(_server.Data);
        var admin = await _server.NewKey("ops", ["admin"]);
        await Eventually.Is(() => second.As(null, HttpMethod.Get, "aliases"), r => r.Status == HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.OK, (await second.As(admin, HttpMethod.Get, "aliases")).Status);
    }

    [Fact]
    public async Task No_key_is_ever_logged_stored_or_told_again()
    {
        var once = _server.Services.GetRequiredService<Doorkeeper>().OneTimeKey!;
        var admin = await _server.NewKey("ops", ["admin"]);
        var app = await _server.NewKey("app", ["invoke"], with: admin);
        await using var gateway = await FleetGateway.Connect(_server);
        await Eventually.Is(() => Task.FromResult(gateway.Received.ToArray()), r => r.Any(m => m.Access?.Keys.Count == 2));
        var answers = new StringBuilder();
        foreach (var key in new[] { admin, app, once, admin[..^1] + "x", admin + " " })
        {
            foreach (var path in new[] { "keys", "journal?limit=1000", "aliases", "nowhere" })
            {
                answers.Append((await _server.As(key, HttpMethod.Get, path)).Body);
            }

            await _server.As(key, HttpMethod.Post, "keys/app/rotate", new { });
        }

        var stored = string.Concat(Directory.GetFiles(_server.Data, "*", SearchOption.AllDirectories).Select(f => Encoding.Latin1.GetString(Read(f))));
        var told = string.Concat(gateway.Received.Select(m => m.ToString()));
        Assert.NotEmpty(_log.Lines);
        foreach (var secret in new[] { once, admin, app }.Select(k => k[17..49]))
        {
            Assert.DoesNotContain(_log.Lines, line => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(secret, answers.ToString(), StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(secret, stored, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(secret, told, StringComparison.OrdinalIgnoreCase);
        }

        static byte[] Read(string file)
        {
            using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new MemoryStream();
            open.CopyTo(copy);
            return copy.ToArray();
        }
    }
}
