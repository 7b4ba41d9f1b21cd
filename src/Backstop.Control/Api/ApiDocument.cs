using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Control.Access;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>Describes the API to programs (OpenAPI 3.1), from what the addresses declare and from the types that they read and write.</summary>
internal sealed class ApiDocument(EndpointDataSource endpoints)
{
    public const string Address = "/openapi.json";
    private const string Root = "/api/v1";
    private const string Key = "key";

    // Why an operation may be refused, whatever it does; and what it says only when it takes a body, or is about something by name.
    private static readonly (int Status, string Why, bool Body, bool Named)[] Problems =
    [
        (400, "The request is wrong; the text says where.", false, false),
        (401, "It needs a key or token that counts.", false, false),
        (403, "The key may not do this.", false, false),
        (404, "There is nothing of this name, or the key does not reach it.", false, true),
        (409, "The present state does not allow it.", true, false),
        (412, "It is not in the state that 'If-Match' names.", true, true),
        (413, "The body is too large.", true, false),
        (415, "The body is not JSON in UTF-8.", true, false),
        (422, "Under this key something else was asked before.", true, false),
        (503, "The store does not answer; nothing was acknowledged.", false, false),
    ];

    private readonly Lazy<string> _json = new(() => Write(endpoints.Endpoints.OfType<RouteEndpoint>()).ToJsonString(new(JsonSerializerOptions.Default) { WriteIndented = true }));

    public static void Map(IEndpointRouteBuilder api) => api.MapGet(Address, (ApiDocument document) => Results.Text(document._json.Value, StrictBody.Json))
        .AnswersText(StrictBody.Json).WithSummary("Describe the API to programs (OpenAPI 3.1).").Needs(Scope.Read);

    private static JsonObject Write(IEnumerable<RouteEndpoint> endpoints)
    {
        var schemas = new JsonObject
        {
            ["Problem"] = new JsonObject
            {
                ["type"] = "object",
                ["description"] = "RFC 9457. Some have more members, such as the actual generation.",
                ["required"] = new JsonArray("title", "status", "detail"),
                ["properties"] = new JsonObject
                {
                    ["type"] = new JsonObject { ["type"] = "string" },
                    ["title"] = new JsonObject { ["type"] = "string" },
                    ["status"] = new JsonObject { ["type"] = "integer" },
                    ["detail"] = new JsonObject { ["type"] = "string", ["description"] = "What is wrong and what to do." },
                },
            },
        };
        return new()
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Backstop",
                ["version"] = typeof(ApiDocument).Assembly.GetName().Version!.ToString(3),
                ["description"] = "The control plane: releases, aliases, rollouts, gates, incidents, keys and the journal of all of it.",
                ["license"] = new JsonObject { ["name"] = "Apache-2.0", ["identifier"] = "Apache-2.0" },
            },
            ["paths"] = Paths(endpoints, new(schemas)),
            ["components"] = new JsonObject
            {
                ["schemas"] = schemas,
                ["responses"] = new JsonObject(Problems.Select(p => KeyValuePair.Create<string, JsonNode?>($"{p.Status}", Content(p.Why, "application/problem+json", Reference("schemas", "Problem"))))),
                ["securitySchemes"] = new JsonObject
                {
                    [Key] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "An API key, or a token of the issuer that the server names." },
                },
            },
        };
    }

    private static JsonObject Paths(IEnumerable<RouteEndpoint> endpoints, ApiSchemas schemas)
    {
        var operations =
            from endpoint in endpoints
            let path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')
            where path.StartsWith(Root + "/", StringComparison.Ordinal)
            from verb in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
            orderby path, verb
            group (Verb: verb.ToLowerInvariant(), Operation: Operation(endpoint, path, verb, schemas)) by path;
        return new(operations.Select(path => KeyValuePair.Create<string, JsonNode?>(
            path.Key, new JsonObject(path.Select(o => KeyValuePair.Create<string, JsonNode?>(o.Verb, o.Operation))))));
    }

    private static JsonObject Operation(RouteEndpoint endpoint, string path, string verb, ApiSchemas schemas)
    {
        var needs = endpoint.Metadata.GetRequiredMetadata<Needs>();
        var parts = path[(Root.Length + 1)..].Split('/');
        var body = endpoint.Metadata.GetMetadata<IAcceptsMetadata>();
        var operation = new JsonObject
        {
            ["operationId"] = string.Join('_', parts.Select(p => p.Trim('{', '}').Replace('-', '_').Replace('.', '_')).Prepend(verb.ToLowerInvariant())),
            ["tags"] = new JsonArray(parts[0]),
            ["summary"] = endpoint.Metadata.GetMetadata<IEndpointSummaryMetadata>()?.Summary,
            ["description"] = $"Needs the scope '{needs.Scope.Word()}'{Reaching(needs.Reach)}.",
            ["security"] = new JsonArray(new JsonObject { [Key] = new JsonArray(needs.Scope.Word()) }),
            ["parameters"] = new JsonArray([.. Parameters(endpoint)]),
        };
        if (body?.RequestType is { } type)
        {
            operation["requestBody"] = new JsonObject
            {
                ["required"] = !body.IsOptional,
                ["content"] = new JsonObject { [StrictBody.Json] = new JsonObject { ["schema"] = schemas.Of(type, StrictBody.Rules) } },
            };
        }

        operation["responses"] = Responses(endpoint, body is not null, schemas);
        return operation;
    }

    private static string Reaching(Reach reach) => reach switch
    {
        Reach.Everything => " on all aliases",
        Reach.Named => " on the alias",
        Reach.Owning => " on the alias that it belongs to",
        _ => "",
    };

    private static IEnumerable<JsonObject> Parameters(RouteEndpoint endpoint) =>
        endpoint.RoutePattern.Parameters.Select(p => Parameter(p.Name, "path", "string"))
            .Concat(MayBeRepeated(endpoint) ? [Parameter(OncePerKey.Header, "header", "string")] : [])
            .Concat(endpoint.Metadata.OfType<Conditional>().Select(_ => Parameter("If-Match", "header", "string")))
            .Concat(StrictQuery.Known(endpoint).Select(p => Parameter(p.Name, "query", p.ParameterInfo.ParameterType == typeof(string) ? "string" : "integer")));

    private static bool MayBeRepeated(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is not null && !endpoint.Metadata.OfType<ShownOnce>().Any();

    private static JsonObject Parameter(string name, string place, string type) => new()
    {
        ["name"] = name,
        ["in"] = place,
        ["required"] = place == "path",
        ["schema"] = new JsonObject { ["type"] = type },
    };

    private static JsonObject Responses(RouteEndpoint endpoint, bool takesBody, ApiSchemas schemas)
    {
        var responses = new JsonObject();
        var form = endpoint.Metadata.GetRequiredMetadata<AnswerForm>();
        foreach (var status in endpoint.Metadata.OfType<AnswerStatus>().Select(s => s.Status).Distinct().Order())
        {
            responses[$"{status}"] = Content("It was done.", form.ContentType, Form(form, schemas));
        }

        foreach (var problem in Problems.Where(p => p.Status switch
        {
            StatusCodes.Status412PreconditionFailed => endpoint.Metadata.OfType<Conditional>().Any(),
            StatusCodes.Status422UnprocessableEntity => MayBeRepeated(endpoint),
            _ => (takesBody || !p.Body) && (!p.Named || endpoint.RoutePattern.Parameters.Count > 0 || takesBody),
        }))
        {
            responses[$"{problem.Status}"] = Reference("responses", $"{problem.Status}");
        }

        return responses;
    }

    private static JsonObject Form(AnswerForm form, ApiSchemas schemas) =>
        form.Type != typeof(string) ? schemas.Of(form.Type, StoreJson.Options)
        : form.ContentType == StrictBody.Json ? [] // Described elsewhere.
        : new() { ["type"] = "string" };

    private static JsonObject Content(string why, string type, JsonObject schema) => new()
    {
        ["description"] = why,
        ["content"] = new JsonObject { [type] = new JsonObject { ["schema"] = schema } },
    };

    private static JsonObject Reference(string kind, string name) => new() { ["$ref"] = $"#/components/{kind}/{name}" };
}
