using System.Text;
using System.Text.Json.Nodes;
using Backstop.Control.Store;
using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Api;

/// <summary>Every operation, sent everything that is certainly wrong: each time a problem that says so, never a failure, and nothing changed.</summary>
public sealed class HostileRequestTests(PostgresFixture postgres)
{
    private const int LongestDetail = 2100;
    private const int AbsurdBodies = 40;
    private static readonly HttpMethod[] Verbs = [HttpMethod.Get, HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Patch];

    // What nobody has registered, though somebody will ask for it.
    private static readonly string[] AbsurdNames =
    [
        "%20", "nobody", "..%2f..%2fetc%2fpasswd", "%2e%2e", "'%20OR%201=1--", "%F0%9F%92%A9", "%E2%80%AE", "%FF%FE", "%C0%AF", "%0d%0aX:%20y", "%25", "*", "a:b:c",
        "sha256:0000000000000000000000000000000000000000000000000000000000000000", new('x', 3000), "-1", "null", "%7B%22a%22:1%7D", "assistant%3Aprod%20",
    ];

    private static readonly string[] AbsurdQueries = ["zz=1", "limit", "=", "%00", "after=%00", "a[]=1&a[]=2", "__proto__=1", "limt=5&zz=", "%FF=%FF", $"{new string('q', 3000)}=1"];
    private static readonly string[] WrongNumbers = ["abc", "", "1.5", "99999999999999999999", "0x10", "1e3", "NaN", "%00", "5%00", "１"];

    [Fact]
    public Task Nothing_wrong_that_is_sent_changes_anything_or_goes_unexplained_on_sqlite() => Judge(store: null, seed: 1);

    [Fact]
    public async Task Nothing_wrong_that_is_sent_changes_anything_or_goes_unexplained_on_postgres() => await Judge(await postgres.NewDatabase(), seed: 2);

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task What_is_absurd_and_well_formed_is_done_or_explained(int seed)
    {
        await using var server = await ControlServer.Start(store: await postgres.NewDatabase());
        var furniture = await Furniture.Of(server);
        using var client = Administrator(server, await server.NewKey("admin", ["admin"]));
        var (wrong, luck) = (new List<string>(), new Random(seed));

        // Keys last: whoever revokes his own can ask for nothing more.
        foreach (var operation in Operation.All(server).Where(o => o.Takes is not null).OrderBy(o => o.Path.StartsWith("keys", StringComparison.Ordinal)))
        {
            for (var i = 0; i < AbsurdBodies; i++)
            {
                var body = new SampleBody(operation.Takes!, luck, absurd: true).Bytes;
                using var request = new HttpRequestMessage(operation.Method, "/api/v1/" + furniture.Fit(operation.Path));
                request.Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
                if (await Complaint(client, request, mayDoIt: true) is { } complaint)
                {
                    wrong.Add($"{operation.Name}, {Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 600)))}: {complaint}");
                }
            }
        }

        Assert.True(wrong.Count == 0, $"Seed {seed}:\n{string.Join('\n', wrong)}");
        Assert.Contains("\"intact\":true", await client.GetStringAsync("/api/v1/journal/check", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static HttpClient Administrator(ControlServer server, string key) => new()
    {
        BaseAddress = server.Api.BaseAddress,
        Timeout = TimeSpan.FromSeconds(60),
        DefaultRequestHeaders = { Authorization = new("Bearer", key) },
    };

    private static async Task Judge(StoreAddress? store, int seed)
    {
        await using var server = await ControlServer.Start(store: store);
        var furniture = await Furniture.Of(server);

        // The rollout of the furniture fails at its warm-up; until then it changes things by itself.
        await Eventually.Is(() => server.Get(furniture.Fit("rollouts/{id}")), r => (string)r["status"]! == "rejected");
        using var client = Administrator(server, await server.NewKey("admin", ["admin"]));

        var (operations, wrong, sent) = (Operation.All(server), new List<string>(), 0);
        for (var i = 0; i < operations.Count; i++)
        {
            var before = await StoreDigest.Of(server);
            foreach (var (what, request) in Requests(operations[i], operations, furniture, new Random((seed * 1000) + i)))
            {
                using (request)
                {
                    sent++;
                    if (await Complaint(client, request) is { } complaint)
                    {
                        wrong.Add($"{operations[i].Name}, {what}: {complaint}");
                    }
                }
            }

            if (await StoreDigest.Of(server) != before)
            {
                wrong.Add($"{operations[i].Name} changed the store.");
            }
        }

        Assert.True(wrong.Count == 0, $"Seed {seed}: {wrong.Count} of {sent}\n{string.Join('\n', wrong)}");
        TestContext.Current.SendDiagnosticMessage($"{sent} requests to {operations.Count} operations.");
    }

    private static IEnumerable<(string What, HttpRequestMessage Request)> Requests(Operation operation, List<Operation> all, Furniture furniture, Random luck)
    {
        var path = furniture.Fit(operation.Path);
        HttpRequestMessage Ask(string where, HttpMethod? verb = null) => new(verb ?? operation.Method, "/api/v1/" + where);
        HttpRequestMessage With(HttpRequestMessage request, string header, string value)
        {
            request.Headers.TryAddWithoutValidation(header, value);
            return request;
        }

        HttpRequestMessage Send(byte[] body, string? type = "application/json")
        {
            var request = Ask(path);
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            return request;
        }

        if (operation.Takes is { } takes)
        {
            var body = new SampleBody(takes, luck);
            foreach (var flaw in Flaw.All)
            {
                if (flaw.Spoil(body, luck) is { } bytes)
                {
                    yield return (flaw.Name, Send(bytes));
                    yield return ($"{flaw.Name}, under a key", With(Send(bytes), "Idempotency-Key", $"k{luck.Next()}"));
                }
            }

            foreach (var type in (string?[])[null, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "application/xml", "nonsense"])
            {
                yield return ($"sent as '{type}'", Send(body.Bytes, type));
            }
        }

        yield return ("a tag without quotes", With(operation.Takes is { } of ? Send(new SampleBody(of, luck).Bytes) : Ask(path), "If-Match", "1.1"));
        if (operation.Takes is { } repeated)
        {
            foreach (var key in (string[])["", "two words", new('k', 300)])
            {
                yield return ($"under the key '{key}'", With(Send(new SampleBody(repeated, luck).Bytes), "Idempotency-Key", key));
            }
        }

        foreach (var query in AbsurdQueries)
        {
            yield return ($"?{query}", Ask($"{path}?{query}"));
        }

        foreach (var known in Backstop.Control.Api.StrictQuery.Known(operation.Endpoint))
        {
            yield return ($"{known.Name} twice", Ask($"{path}?{known.Name}=1&{known.Name}=1"));
            foreach (var number in known.ParameterInfo.ParameterType == typeof(string) ? ["%00", "x%00"] : WrongNumbers)
            {
                yield return ($"{known.Name}={number}", Ask($"{path}?{known.Name}={number}"));
            }
        }

        foreach (var verb in Verbs.Where(v => all.All(o => o.Path != operation.Path || o.Method != v)))
        {
            yield return ($"by {verb}", Ask(path, verb));
        }

        foreach (var name in operation.Path.Contains('{', StringComparison.Ordinal) ? AbsurdNames : [])
        {
            var request = Ask(Put(operation.Path, name));
            request.Content = operation.Takes is { } type ? new ByteArrayContent(new SampleBody(type, luck).Bytes) { Headers = { ContentType = new("application/json") } } : null;
            yield return ($"at '{name[..Math.Min(40, name.Length)]}'", request);
        }
    }

    /// <summary>The path with an absurd name for the last two of its parameters: more of them would lead out of the API, or be longer than a path may be.</summary>
    private static string Put(string path, string name)
    {
        var parts = path.Split('/');
        var (parameters, seen) = (parts.Count(part => part.StartsWith('{')), 0);
        return string.Join('/', parts.Select(part => !part.StartsWith('{') ? part : ++seen > parameters - 2 ? name : "parameters"));
    }

    private static async Task<string?> Complaint(HttpClient client, HttpRequestMessage request, bool mayDoIt = false)
    {
        try
        {
            using var response = await client.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            return mayDoIt && response.IsSuccessStatusCode ? null
                : (int)response.StatusCode is < 400 or >= 500 ? $"{(int)response.StatusCode} {text}"
                : response.Content.Headers.ContentType?.MediaType != "application/problem+json" ? $"{(int)response.StatusCode} as {response.Content.Headers.ContentType}: {text}"
                : (string?)JsonNode.Parse(text)!["detail"] is not { Length: > 20 and <= LongestDetail } ? $"explained badly: {text}"
                : text.Contains("   at ", StringComparison.Ordinal) ? $"with a stack trace: {text}"
                : null;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return e.ToString();
        }
    }
}
