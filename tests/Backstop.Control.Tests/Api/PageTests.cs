using System.Text.Json.Nodes;
using Backstop.Control.Gates;
using Backstop.Control.Incidents;
using Backstop.Control.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Tests.Api;

/// <summary>Every list comes in pages of one shape: an array, and a link to where it goes on.</summary>
public sealed class PageTests(PostgresFixture postgres)
{
    private static readonly Dictionary<string, Func<JsonNode, string>> Lists = new(StringComparer.Ordinal)
    {
        ["releases"] = r => (string)r["name"]!,
        ["aliases"] = a => (string)a["name"]!,
        ["incidents"] = i => (string)i["id"]!,
        ["gates"] = g => (string)g["id"]!,
        ["keys"] = k => (string)k["prefix"]!,
        ["changes"] = c => (string)c["what"]!,
        ["journal"] = e => (string)e["hash"]!,
        ["aliases/a0:prod/history"] = e => (string)e["hash"]!,
    };

    [Fact]
    public async Task Pages_put_together_are_the_list_and_name_nothing_that_the_key_does_not_reach()
    {
        await using var server = await ControlServer.Start(store: await postgres.NewDatabase());
        await Fill(server);
        var admin = await server.NewKey("admin", ["admin"]);
        for (var i = 0; i < 4; i++)
        {
            await server.NewKey($"k{i}", ["read"], with: admin);
        }

        foreach (var (list, key) in Lists)
        {
            var whole = (await Pages(server, admin, list, limit: 1000)).Single();
            Assert.True(whole.Items.Count >= 3, $"{list} is too short to have pages.");
            var pages = await Pages(server, admin, list, limit: 2);
            Assert.All(pages.SkipLast(1), page => Assert.Equal(2, page.Items.Count));
            Assert.Equal(whole.Items.Select(key), pages.SelectMany(p => p.Items).Select(key));
            Assert.Equal(whole.Items.Count, whole.Items.Select(key).Distinct(StringComparer.Ordinal).Count());
        }

        var reader = await server.NewKey("reader", ["read"], ["a4:*"], admin);
        foreach (var list in new[] { "aliases", "incidents", "gates" })
        {
            var pages = await Pages(server, reader, list, limit: 1);
            Assert.Single(pages.SelectMany(p => p.Items));
            Assert.All(pages, page => Assert.DoesNotContain("a0", page.Link ?? "", StringComparison.Ordinal));
            var hidden = Lists[list]((await Pages(server, admin, list, limit: 1000)).Single().Items.First(i => !i.ToJsonString().Contains("a4:prod", StringComparison.Ordinal)));
            var (status, body) = await server.As(reader, HttpMethod.Get, $"{list}?after={hidden}");
            Assert.Equal((400, (await server.As(reader, HttpMethod.Get, $"{list}?after=nobody:prod")).Body.Replace("nobody:prod", hidden, StringComparison.Ordinal)), ((int)status, body));
        }
    }

    private static async Task Fill(ControlServer server)
    {
        var (gates, incidents) = (server.Services.GetRequiredService<GateStore>(), server.Services.GetRequiredService<IncidentBook>());
        for (var i = 0; i < 5; i++)
        {
            await server.Register($"v{i}", new("http://127.0.0.1:9"), $"m{i}");
            await server.CreateAlias($"a{i}:prod", "v0");
            var digest = (string)(await server.Get($"releases/v{i}"))["digest"]!;
            await gates.Save(Furniture.StrictGate($"gate-{i}", $"a{i}:prod"), "test");
            await incidents.Raise(new() { Alias = $"a{i}:prod", Release = digest, Baseline = digest, Blamed = true, Reason = "worse" });
            await server.Post("changes", new { parts = new[] { "model" }, what = $"change {i}" });
            await server.Post("aliases/a0:prod/" + (i % 2 == 0 ? "pin" : "unpin"), new { reason = "r" });
        }
    }

    private static async Task<List<(List<JsonNode> Items, string? Link)>> Pages(ControlServer server, string key, string list, int limit)
    {
        var pages = new List<(List<JsonNode>, string?)>();
        for (string? next = $"/api/v1/{list}?limit={limit}"; next is not null;)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, next) { Headers = { Authorization = new("Bearer", key) } };
            using var response = await server.Api.SendAsync(request, TestContext.Current.CancellationToken);
            var text = await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            next = response.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
            pages.Add(([.. JsonNode.Parse(text)!.AsArray().Select(n => n!)], next));
            Assert.True(pages.Count < 50, $"{list} never ends.");
        }

        return pages;
    }
}
