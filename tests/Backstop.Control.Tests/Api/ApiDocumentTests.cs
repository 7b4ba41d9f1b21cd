using System.Text.Json.Nodes;
using Backstop.Control.Tests.Access;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Access;

namespace Backstop.Control.Tests.Api;

/// <summary>The description of the API is true: of every operation, and of what it answers.</summary>
public sealed class ApiDocumentTests : IAsyncLifetime
{
    private ControlServer _server = null!;
    private Furniture _furniture = null!;
    private JsonNode _document = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ControlServer.Start();
        _furniture = await Furniture.Of(_server);
        _document = await _server.Get("openapi.json");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public void Every_operation_is_described_and_nothing_else()
    {
        var described = Described().Select(o => o.Name).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(Operation.All(_server).Select(o => o.Name).Order(StringComparer.Ordinal), described);
        Assert.Equal(described.Length, Described().Select(o => (string)o.Json["operationId"]!).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Every_operation_says_what_it_does_needs_takes_and_answers()
    {
        var page = AuthorizationMatrixTests.Page();
        var wrong = new List<string>();
        foreach (var (name, json) in Described())
        {
            var operation = Operation.All(_server).Single(o => o.Name == name);
            void Expect(bool holds, string what)
            {
                if (!holds)
                {
                    wrong.Add($"{name}: {what}");
                }
            }

            Expect((string?)json["summary"] is { Length: > 5 } summary && summary.EndsWith('.'), "no summary");
            Expect((string?)json["security"]![0]!["key"]![0] == page[name].Scope.Word(), "another scope than docs/access.md");
            Expect(json["requestBody"] is not null == operation.Takes is not null, "takes something else");
            Expect(Successes(json).Any(), "no answer");
            Expect(((string[])["400", "401", "403", "503"]).All(s => json["responses"]![s] is not null), "a problem is missing");
            Expect(operation.Takes is null || ((string[])["409", "413", "415"]).All(s => json["responses"]![s] is not null), "a problem of a body is missing");
            Expect(
                operation.Endpoint.RoutePattern.Parameters.All(p => json["parameters"]!.AsArray().Any(q => (string?)q!["name"] == p.Name && (string?)q["in"] == "path")),
                "a parameter is missing");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task What_is_answered_has_the_form_that_is_described()
    {
        await _server.Post($"aliases/{Furniture.Alias}/pin", new { reason = "for its form" });
        var (wrong, seen) = (new List<string>(), 0);
        foreach (var (name, json) in Described().Where(o => o.Name.StartsWith("GET ", StringComparison.Ordinal)))
        {
            var (_, body) = await _server.As(null, HttpMethod.Get, _furniture.Fit(name["GET /api/v1/".Length..]));
            if (Successes(json).Single() is { } form && form["content"]!["application/json"]?["schema"] is { } schema && JsonNode.Parse(body) is var answer && (answer as JsonObject)?["detail"] is null)
            {
                seen++;
                wrong.AddRange(Mismatches(schema, answer, "$").Select(m => $"{name}: {m}"));
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(seen > 10, $"Only {seen} answers were looked at.");
    }

    [Fact]
    public void A_form_that_is_not_the_described_one_is_found()
    {
        var schema = JsonNode.Parse("""{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}""")!;
        Assert.Empty(Mismatches(schema, JsonNode.Parse("""{"name":"v7"}"""), "$"));
        Assert.NotEmpty(Mismatches(schema, JsonNode.Parse("""{"name":5}"""), "$"));
        Assert.NotEmpty(Mismatches(schema, JsonNode.Parse("""{"name":"v7","more":1}"""), "$"));
        Assert.NotEmpty(Mismatches(schema, JsonNode.Parse("{}"), "$"));
        Assert.NotEmpty(Mismatches(schema, JsonNode.Parse("[]"), "$"));
    }

    private IEnumerable<(string Name, JsonNode Json)> Described() =>
        from path in _document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select ($"{operation.Key.ToUpperInvariant()} {path.Key}", operation.Value!);

    private IEnumerable<JsonNode> Successes(JsonNode operation) => operation["responses"]!.AsObject().Where(r => r.Key.StartsWith('2')).Select(r => r.Value!);

    /// <summary>The part of JSON Schema that the description uses; a word that is not known here fails, so that nothing is overlooked.</summary>
    private IEnumerable<string> Mismatches(JsonNode? schema, JsonNode? value, string at)
    {
        if (schema is JsonValue always && always.TryGetValue<bool>(out var allowed))
        {
            return allowed ? [] : [$"{at} may not be there"];
        }

        return schema!.AsObject().SelectMany(word => word.Key switch
        {
            "$ref" => Mismatches(Resolve((string)word.Value!), value, at),
            "type" => Types(word.Value!).Contains(Kind(value), StringComparer.Ordinal) || (Kind(value) == "integer" && Types(word.Value!).Contains("number"))
                ? []
                : [$"{at} is {Kind(value)} and not {word.Value!.ToJsonString()}"],
            "enum" => word.Value!.AsArray().Any(e => JsonNode.DeepEquals(e, value)) ? [] : [$"{at} is {value?.ToJsonString()}, which is none of {word.Value.ToJsonString()}"],
            "required" => value is JsonObject o ? word.Value!.AsArray().Where(k => !o.ContainsKey((string)k!)).Select(k => $"{at} has no {k}") : [],
            "properties" => value is JsonObject o
                ? o.SelectMany(m => word.Value![m.Key] is { } known ? Mismatches(known, m.Value, $"{at}.{m.Key}") : [$"{at}.{m.Key} is not described"])
                : [],
            "additionalProperties" => value is JsonObject o && schema["properties"] is null ? o.SelectMany(m => Mismatches(word.Value, m.Value, $"{at}.{m.Key}")) : [],
            "items" => value is JsonArray a ? a.SelectMany((item, i) => Mismatches(word.Value, item, $"{at}[{i}]")) : [],
            "anyOf" => word.Value!.AsArray().Any(s => !Mismatches(s, value, at).Any()) ? [] : [$"{at} is none of {word.Value.ToJsonString()}"],
            "$comment" or "description" or "format" or "pattern" or "default" => [],
            _ => throw new NotSupportedException($"'{word.Key}' in {schema.ToJsonString()}"),
        });
    }

    private JsonNode Resolve(string reference) => reference.Split('/').Skip(1).Aggregate(_document, (node, part) => node[part] ?? throw new InvalidDataException($"{reference} leads nowhere."));

    private static string[] Types(JsonNode type) => type is JsonArray many ? [.. many.Select(t => (string)t!)] : [(string)type!];

    private static string Kind(JsonNode? value) => value?.GetValueKind() switch
    {
        null or System.Text.Json.JsonValueKind.Null => "null",
        System.Text.Json.JsonValueKind.String => "string",
        System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => "boolean",
        System.Text.Json.JsonValueKind.Array => "array",
        System.Text.Json.JsonValueKind.Object => "object",
        _ => value.ToJsonString().All(c => char.IsAsciiDigit(c) || c == '-') ? "integer" : "number",
    };
}
