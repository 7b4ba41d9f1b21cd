using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Control.Store;
using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Api;

/// <summary>Requests of the shape that MLflow's clients send, and what they read of the answers.</summary>
public sealed class MlflowTests(PostgresFixture postgres)
{
    private const string Served = """{"serving":{"model":"m","replicas":["http://127.0.0.1:9"]},"parameters":{"temperature":0}}""";

    [Fact]
    public Task A_team_keeps_its_names_on_sqlite() => Keep(store: null);

    [Fact]
    public async Task A_team_keeps_its_names_on_postgres() => await Keep(await postgres.NewDatabase());

    private static async Task Keep(StoreAddress? store)
    {
        await using var server = await ControlServer.Start(store: store);

        // mlflow.register_model: make the model unless there is one, then a version, then wait until it is ready.
        var made = await Ok(server, HttpMethod.Post, "registered-models/create", new { name = "assistant", description = "answers", tags = new[] { new { key = "team", value = "ranking" } } });
        Assert.Equal("assistant", (string)made["registered_model"]!["name"]!);
        Assert.Equal("RESOURCE_ALREADY_EXISTS", (await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Post, "registered-models/create", new { name = "assistant" })).Code);
        var first = await Ok(server, HttpMethod.Post, "model-versions/create", new { name = "assistant", source = "s3://models/7", run_id = "run-7", tags = new[] { new { key = "backstop.release", value = Served } } });
        Assert.Equal(("1", "READY", "run-7"), ((string)first["model_version"]!["version"]!, (string)first["model_version"]!["status"]!, (string)first["model_version"]!["run_id"]!));
        var second = await Ok(server, HttpMethod.Post, "model-versions/create", new { name = "assistant", source = "s3://models/8", description = "mended" });
        Assert.Equal("2", (string)second["model_version"]!["version"]!);

        // client.set_registered_model_alias, then models:/assistant@prod.
        await Ok(server, HttpMethod.Post, "registered-models/alias", new { name = "assistant", alias = "prod", version = "1" });
        await Ok(server, HttpMethod.Post, "registered-models/alias", new { name = "assistant", alias = "prod", version = "1" });
        Assert.Equal((1, "assistant-1"), await Serves(server, "assistant:prod"));
        var served = (await Ok(server, HttpMethod.Get, "registered-models/alias?name=assistant&alias=prod"))["model_version"]!;
        Assert.Equal(("1", "s3://models/7"), ((string)served["version"]!, (string)served["source"]!));
        Assert.Equal("prod", (string)served["aliases"]!.AsArray().Single()!);
        Assert.Equal("s3://models/7", (string)(await Ok(server, HttpMethod.Get, "model-versions/get-download-uri?name=assistant&version=1"))["artifact_uri"]!);

        // A version that does not say where it is served moves nothing; once it does, it is a release.
        var (code, message) = await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Post, "registered-models/alias", new { name = "assistant", alias = "prod", version = "2" });
        Assert.Equal("INVALID_PARAMETER_VALUE", code);
        Assert.Contains("backstop.release", message, StringComparison.Ordinal);
        await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Post, "model-versions/set-tag", new { name = "assistant", version = "2", key = "backstop.release", value = "{\"servin\":{}}" });
        await Ok(server, HttpMethod.Post, "model-versions/set-tag", new { name = "assistant", version = "2", key = "backstop.release", value = Served });
        await Ok(server, HttpMethod.Post, "registered-models/alias", new { name = "assistant", alias = "prod", version = "2" });
        Assert.Equal((2, "assistant-2"), await Serves(server, "assistant:prod"));
        var manifest = (await server.Get("releases/assistant-1"))["manifest"]!;
        Assert.Equal(("s3://models/7", "run-7"), ((string)manifest["model"]!["source"]!, (string)manifest["lineage"]!["training_run"]!));
        await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Post, "model-versions/set-tag", new { name = "assistant", version = "2", key = "backstop.release", value = "{}" });

        // Metadata, and the journal that tells of all of it.
        await Ok(server, HttpMethod.Patch, "model-versions/update", new { name = "assistant", version = "2", description = "the mended one" });
        await Ok(server, HttpMethod.Patch, "registered-models/update", new { name = "assistant", description = "answers well" });
        await Ok(server, HttpMethod.Post, "registered-models/set-tag", new { name = "assistant", key = "tier", value = "1" });
        await Ok(server, HttpMethod.Delete, "registered-models/delete-tag", new { name = "assistant", key = "team" });
        var model = (await Ok(server, HttpMethod.Get, "registered-models/get?name=assistant"))["registered_model"]!;
        Assert.Equal("answers well", (string)model["description"]!);
        Assert.Equal("tier", (string)model["tags"]!.AsArray().Single()!["key"]!);
        Assert.Equal(("prod", "2"), ((string)model["aliases"]![0]!["alias"]!, (string)model["aliases"]![0]!["version"]!));
        Assert.Equal("the mended one", (string)model["latest_versions"]![0]!["description"]!);
        Assert.Equal("2", (string)(await Ok(server, HttpMethod.Post, "registered-models/get-latest-versions", new { name = "assistant" }))["model_versions"]![0]!["version"]!);
        Assert.True((bool)(await server.Get("journal/check"))["intact"]!);

        // What is registered by other means is seen as well.
        await server.Register("assistant-7", new("http://127.0.0.1:9"), "seven");
        Assert.Equal(["7", "2", "1"], await Versions(server, "name='assistant'"));
        await server.Post("aliases/assistant:prod/swap", new { release = "assistant-7", expected_generation = 2, reason = "by hand" });
        Assert.Equal("7", (string)(await Ok(server, HttpMethod.Get, "registered-models/alias?name=assistant&alias=prod"))["model_version"]!["version"]!);
        Assert.Equal("8", (string)(await Ok(server, HttpMethod.Post, "model-versions/create", new { name = "assistant", source = "s3://models/9" }))["model_version"]!["version"]!);
    }

    [Fact]
    public async Task What_was_registered_is_found_and_what_cannot_be_is_refused_with_what_to_do()
    {
        await using var server = await ControlServer.Start();
        for (var i = 0; i < 3; i++)
        {
            await Ok(server, HttpMethod.Post, "registered-models/create", new { name = $"ranker-{(char)('a' + i)}", tags = new[] { new { key = "tier", value = $"{i}" } } });
            await Ok(server, HttpMethod.Post, "model-versions/create", new { name = $"ranker-{(char)('a' + i)}", source = $"s3://r/{i}", run_id = $"run-{i}" });
        }

        foreach (var (filter, found) in new (string, string[])[]
        {
            ("", ["ranker-a", "ranker-b", "ranker-c"]), ("name = 'ranker-b'", ["ranker-b"]), ("name LIKE 'ranker-%'", ["ranker-a", "ranker-b", "ranker-c"]), ("name ILIKE '%-A'", ["ranker-a"]),
            ("tags.tier = '1'", ["ranker-b"]), ("name LIKE 'ranker%' AND tags.`tier` != '1'", ["ranker-a", "ranker-c"]), ("name = 'nothing'", []), ("name != 'ranker-a'", ["ranker-b", "ranker-c"]),
        })
        {
            Assert.Equal(found, await Models(server, filter));
        }

        Assert.Equal(["ranker-c", "ranker-b", "ranker-a"], await Models(server, "", "&order_by=name+DESC"));
        Assert.Single(await Versions(server, "run_id IN ('run-1', 'nothing')"));
        Assert.Single(await Versions(server, "source_path = 's3://r/2' AND version_number >= 1"));
        Assert.Empty(await Versions(server, "version_number > 1"));

        var page = await Ok(server, HttpMethod.Get, "registered-models/search?max_results=2");
        Assert.Equal(2, page["registered_models"]!.AsArray().Count);
        Assert.Single((await Ok(server, HttpMethod.Get, $"registered-models/search?max_results=2&page_token={page["next_page_token"]}"))["registered_models"]!.AsArray());

        foreach (var filter in new[] { "name", "name = ", "name == 'x'", "nme = 'x'", "name = 'x' OR name = 'y'", "name = 'x' AND", "version_number = 'one'", "name > 'x'" })
        {
            await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Get, $"model-versions/search?filter={Uri.EscapeDataString(filter)}");
        }

        await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Get, "registered-models/search?order_by=shoe_size");
        await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Get, "registered-models/search?max_results=none");
        await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Get, "registered-models/get");
        await Refused(server, HttpStatusCode.NotFound, HttpMethod.Get, "registered-models/get?name=nobody");
        await Refused(server, HttpStatusCode.NotFound, HttpMethod.Get, "model-versions/get?name=ranker-a&version=9");
        await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Get, "model-versions/get?name=ranker-a&version=x");
        await Refused(server, HttpStatusCode.NotFound, HttpMethod.Get, "registered-models/alias?name=ranker-a&alias=prod");
        await Refused(server, HttpStatusCode.NotFound, HttpMethod.Post, "model-versions/create", new { name = "nobody", source = "s3://x" });
        await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Post, "registered-models/create", new { name = "two words" });
        await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Post, "registered-models/create", new[] { 1 });
        foreach (var alias in new[] { "latest", "v3", "a b", "a:b" })
        {
            await Refused(server, HttpStatusCode.BadRequest, HttpMethod.Post, "registered-models/alias", new { name = "ranker-a", alias, version = "1" });
        }

        foreach (var (verb, path) in new[] { (HttpMethod.Delete, "registered-models/alias"), (HttpMethod.Delete, "registered-models/delete"), (HttpMethod.Delete, "model-versions/delete"), (HttpMethod.Post, "registered-models/rename"), (HttpMethod.Post, "model-versions/transition-stage") })
        {
            Assert.Equal("FEATURE_DISABLED", (await Refused(server, HttpStatusCode.BadRequest, verb, path, new { name = "ranker-a" })).Code);
        }
    }

    [Fact]
    public async Task Nothing_wrong_that_is_sent_fails_or_changes_anything()
    {
        await using var server = await ControlServer.Start(store: await postgres.NewDatabase());
        await Ok(server, HttpMethod.Post, "registered-models/create", new { name = "assistant" });
        var (before, luck, wrong, sent) = (await StoreDigest.Of(server), new Random(1), new List<string>(), 0);
        foreach (var operation in Operation.All(server, "/api/2.0/mlflow/"))
        {
            var body = new SampleBody(typeof(JsonElement), luck);
            var requests = operation.Method == HttpMethod.Get
                ? new[] { "", "?name=%00", "?name=a&name=b", "?name=assistant&version=-1", "?filter=%00", "?filter=(", "?filter=name+LIKE+'((((%25'", "?max_results=-1", "?page_token=x", "?order_by=%00", "?zz=%FF" }
                    .Select(q => new HttpRequestMessage(operation.Method, $"/api/2.0/mlflow/{operation.Path}{q}"))
                : Flaw.All.Select(f => f.Spoil(body, luck)).OfType<byte[]>().Select(bytes => new HttpRequestMessage(operation.Method, $"/api/2.0/mlflow/{operation.Path}")
                {
                    Content = new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json") } },
                });
            foreach (var request in requests)
            {
                using var response = await server.Api.SendAsync(request, TestContext.Current.CancellationToken);
                var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                sent++;
                if ((int)response.StatusCode >= 500 || (!response.IsSuccessStatusCode && !text.Contains("error_code", StringComparison.Ordinal)))
                {
                    wrong.Add($"{operation.Method} {request.RequestUri}: {(int)response.StatusCode} {text}");
                }

                request.Dispose();
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(sent > 200, $"Only {sent} requests were sent.");
        Assert.Equal(before, await StoreDigest.Of(server));
    }

    [Fact]
    public async Task An_alias_of_a_model_is_seen_and_moved_by_whose_key_reaches_it()
    {
        await using var server = await ControlServer.Start();
        await server.Register("assistant-1", new("http://127.0.0.1:9"), "m");
        await server.Register("assistant-2", new("http://127.0.0.1:9"), "n");
        await server.CreateAlias("assistant:prod", "assistant-1");
        await server.CreateAlias("assistant:other", "assistant-1");
        var admin = await server.NewKey("admin", ["admin"]);
        var reader = await server.NewKey("reader", ["read"], ["assistant:prod"], admin);
        var mover = await server.NewKey("mover", ["operate"], ["assistant:other"], admin);

        Assert.Equal("UNAUTHENTICATED", (await Refused(server, HttpStatusCode.Unauthorized, HttpMethod.Get, "registered-models/search")).Code);
        var model = (await Ok(server, HttpMethod.Get, "registered-models/get?name=assistant", with: reader))["registered_model"]!;
        Assert.Equal("prod", (string)model["aliases"]!.AsArray().Single()!["alias"]!);
        await Refused(server, HttpStatusCode.NotFound, HttpMethod.Get, "registered-models/alias?name=assistant&alias=other", with: reader);
        Assert.Equal("PERMISSION_DENIED", (await Refused(server, HttpStatusCode.Forbidden, HttpMethod.Post, "registered-models/alias", new { name = "assistant", alias = "prod", version = "2" }, reader)).Code);
        await Refused(server, HttpStatusCode.Forbidden, HttpMethod.Post, "registered-models/alias", new { name = "assistant", alias = "prod", version = "2" }, mover);
        await Refused(server, HttpStatusCode.Forbidden, HttpMethod.Post, "registered-models/create", new { name = "x" }, mover);
        await Ok(server, HttpMethod.Post, "registered-models/alias", new { name = "assistant", alias = "other", version = "2" }, mover);
        var entry = JsonNode.Parse((await server.As(admin, HttpMethod.Get, "aliases/assistant:other/history")).Body)!.AsArray()[^1]!;
        Assert.Equal(("alias_swapped", "mover"), ((string)entry["kind"]!, (string)entry["actor"]!));

        // A pin holds for MLflow as for everybody.
        await server.As(admin, HttpMethod.Post, "aliases/assistant:other/pin", new { reason = "held" });
        Assert.Contains("pinned", (await Refused(server, HttpStatusCode.Conflict, HttpMethod.Post, "registered-models/alias", new { name = "assistant", alias = "other", version = "1" }, mover)).Message, StringComparison.Ordinal);
    }

    private static async Task<string[]> Models(ControlServer server, string filter, string more = "") =>
        [.. (await Ok(server, HttpMethod.Get, $"registered-models/search?filter={Uri.EscapeDataString(filter)}{more}"))["registered_models"]!.AsArray().Select(m => (string)m!["name"]!)];

    private static async Task<string[]> Versions(ControlServer server, string filter) =>
        [.. (await Ok(server, HttpMethod.Get, $"model-versions/search?filter={Uri.EscapeDataString(filter)}&max_results=200000"))["model_versions"]!.AsArray().Select(m => (string)m!["version"]!)];

    private static async Task<(long Generation, string Release)> Serves(ControlServer server, string alias)
    {
        var view = await server.Get($"aliases/{alias}");
        return ((long)view["generation"]!, (string)view["current"]!["name"]!);
    }

    private static async Task<JsonNode> Ok(ControlServer server, HttpMethod verb, string path, object? body = null, string? with = null)
    {
        var (status, answer) = await Send(server, verb, path, body, with);
        Assert.True(status == HttpStatusCode.OK, $"{path}: {status} {answer}");
        return answer;
    }

    private static async Task<(string Code, string Message)> Refused(ControlServer server, HttpStatusCode expected, HttpMethod verb, string path, object? body = null, string? with = null)
    {
        var (status, answer) = await Send(server, verb, path, body, with);
        Assert.True(status == expected, $"{path}: {status} {answer}");
        Assert.True(((string)answer["message"]!).Length > 20, answer.ToString());
        return ((string)answer["error_code"]!, (string)answer["message"]!);
    }

    private static async Task<(HttpStatusCode, JsonNode)> Send(ControlServer server, HttpMethod verb, string path, object? body, string? with)
    {
        using var request = new HttpRequestMessage(verb, "/api/2.0/mlflow/" + path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = with is null ? null : new("Bearer", with);
        using var response = await server.Api.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!);
    }
}
