using System.Net;
using System.Text.RegularExpressions;
using Backstop.Control.Access;
using Backstop.Control.Gates;
using Backstop.Control.Incidents;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Access;
using Backstop.Core.Gates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Tests.Access;

/// <summary>Every operation that there is, with every key that can be made: let in or kept out exactly as docs/access.md says.</summary>
public sealed partial class AuthorizationMatrixTests
{
    private const string Mine = "assistant:prod";

    [Fact]
    public async Task Every_scope_opens_exactly_what_the_page_says()
    {
        await using var server = await ControlServer.Start();
        var ids = await Fill(server);
        var keys = await MakeKeys(server);
        var page = Page();
        var operations = Operations(server);
        Assert.Equal(page.Keys.Order(StringComparer.Ordinal), operations.Select(o => o.Name).Order(StringComparer.Ordinal));

        var wrong = new List<string>();
        foreach (var (name, method, path) in operations)
        {
            foreach (var (key, scope, reach) in keys)
            {
                var (status, body) = await server.As(key, method, Fit(path, ids), method == HttpMethod.Post ? new { } : null);
                var expected = Expected(page[name], scope, reach);
                var actual = status switch
                {
                    HttpStatusCode.Unauthorized => "stranger",
                    HttpStatusCode.Forbidden => "forbidden",
                    HttpStatusCode.NotFound when body.Contains("nothing here that this key reaches", StringComparison.Ordinal) => "hidden",
                    _ => "in",
                };
                if (actual != expected && !(expected == "out" && actual is "forbidden" or "hidden"))
                {
                    wrong.Add($"{name} with {scope?.Word() ?? "no key"} on {reach}: {actual}, but the page says {expected}. {(int)status} {body}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void An_address_that_asks_nothing_of_its_callers_does_not_start()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.MapGroup("/api/v1").AllMustDeclare().MapGet("/forgotten", () => "");
        var error = Assert.Throws<InvalidOperationException>(() => ((IEndpointRouteBuilder)app).DataSources.SelectMany(s => s.Endpoints).ToList());
        Assert.Contains("/forgotten", error.Message, StringComparison.Ordinal);
    }

    private static string Expected((Scope Scope, string Reach) needs, Scope? held, string reach) =>
        held is not { } scope ? "stranger"
        : !scope.Includes(needs.Scope) ? "forbidden"
        : reach == "*" || needs.Reach == "any" || (needs.Reach == "alias" && AliasPattern.Parse(reach)!.Names(Mine)) ? "in"
        : "out";

    private static async Task<List<(string? Key, Scope? Scope, string Reach)>> MakeKeys(ControlServer server)
    {
        var admin = await server.NewKey("admin", ["admin"]);
        var keys = new List<(string?, Scope?, string)> { (null, null, "*"), (admin, Scope.Admin, "*") };
        foreach (var scope in Enum.GetValues<Scope>().Except([Scope.Admin]))
        {
            var number = 0;
            foreach (var reach in new[] { "*", Mine, "assistant:*", "ranker:*" })
            {
                keys.Add((await server.NewKey($"{scope.Word()}-{number++}", [scope.Word()], [reach], with: admin), scope, reach));
            }
        }

        return keys;
    }

    /// <summary>One of everything that has an id, on the alias that some keys reach and others do not.</summary>
    private static async Task<Dictionary<string, string>> Fill(ControlServer server)
    {
        await server.Register("v7", new("http://127.0.0.1:9"), "m");
        await server.Register("v8", new("http://127.0.0.1:9"), "n");
        await server.CreateAlias(Mine, "v7");
        var (_, rollout) = await server.Post($"aliases/{Mine}/rollouts", new { release = "v8" });
        var digests = (await server.Get("releases")).AsArray().Select(r => (string)r!["digest"]!).ToArray();
        var incident = await server.Services.GetRequiredService<IncidentBook>()
            .Raise(new() { Alias = Mine, Release = digests[1], Baseline = digests[0], Blamed = true, Reason = "worse" });
        await server.Services.GetRequiredService<GateStore>().Save(StrictGate("gate-1"), "test");
        return new(StringComparer.Ordinal) { ["rollouts"] = (string)rollout["id"]!, ["incidents"] = incident.Id, ["gates"] = "gate-1" };
    }

    private static Gate StrictGate(string id) => new()
    {
        Id = id,
        Alias = Mine,
        Owner = "test",
        CreatedAt = DateTimeOffset.UnixEpoch,
        ReviewBy = DateTimeOffset.UnixEpoch,
        Cases = [],
        SamplesPerCase = 1,
        FailIfMoreThan = 0,
        BadFailRate = new(0, 0.5, 1),
        GoodFailRate = new(0, 0.5, 1),
        Power = 0,
        FalseBlock = 0,
    };

    private static string Fit(string path, Dictionary<string, string> ids)
    {
        var family = path.Split('/')[0];
        return path
            .Replace("{name}", family == "aliases" ? Mine : "v7", StringComparison.Ordinal)
            .Replace("{before}", "v7", StringComparison.Ordinal)
            .Replace("{after}", "v8", StringComparison.Ordinal)
            .Replace("{time}", "2099-01-01T00:00:00Z", StringComparison.Ordinal)
            .Replace("{key}", "nobody", StringComparison.Ordinal)
            .Replace("{id}", path.Contains("{id}", StringComparison.Ordinal)
                ? ids.GetValueOrDefault(family) ?? throw new InvalidOperationException($"Make one of /{family} in Fill, so that its operations can be tried.")
                : "", StringComparison.Ordinal);
    }

    private static List<(string Name, HttpMethod Method, string Path)> Operations(ControlServer server) =>
    [
        .. from endpoint in server.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
           let route = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')
           where route.StartsWith("/api/v1/", StringComparison.Ordinal)
           from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
           select ($"{method} {route}", new HttpMethod(method), route["/api/v1/".Length..]),
    ];

    private static Dictionary<string, (Scope Scope, string Reach)> Page() =>
        Row().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "access.md")))
            .ToDictionary(m => m.Groups["operation"].Value, m => (Scopes.Parse(m.Groups["scope"].Value)!.Value, m.Groups["reach"].Value), StringComparer.Ordinal);

    [GeneratedRegex(@"^\| `(?<operation>[A-Z]+ /api/v1/[^`]+)` \| (?<scope>\w+) \| (?<reach>\w+) \|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Row();
}
