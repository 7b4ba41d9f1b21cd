using System.Net;
using System.Text.RegularExpressions;
using Backstop.Control.Access;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Tests.Access;

/// <summary>Every operation that there is, with every key that can be made: let in or kept out exactly as docs/access.md says.</summary>
public sealed partial class AuthorizationMatrixTests
{
    private const string Mine = Furniture.Alias;

    [Fact]
    public async Task Every_scope_opens_exactly_what_the_page_says()
    {
        await using var server = await ControlServer.Start();
        var furniture = await Furniture.Of(server);
        var keys = await MakeKeys(server);
        var page = Page();
        var operations = Operation.All(server);
        Assert.Equal(page.Keys.Order(StringComparer.Ordinal), operations.Select(o => o.Name).Order(StringComparer.Ordinal));

        var wrong = new List<string>();
        foreach (var operation in operations)
        {
            var name = operation.Name;
            foreach (var (key, scope, reach) in keys)
            {
                var (status, body) = await server.As(key, operation.Method, furniture.Fit(operation.Path), operation.Takes is null ? null : new { });
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

    /// <summary>What docs/access.md says of every operation.</summary>
    internal static Dictionary<string, (Scope Scope, string Reach)> Page() =>
        Row().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "access.md")))
            .ToDictionary(m => m.Groups["operation"].Value, m => (Scopes.Parse(m.Groups["scope"].Value)!.Value, m.Groups["reach"].Value), StringComparer.Ordinal);

    [GeneratedRegex(@"^\| `(?<operation>[A-Z]+ /api/v1/[^`]+)` \| (?<scope>\w+) \| (?<reach>\w+) \|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Row();
}
