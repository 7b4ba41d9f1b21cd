using Backstop.Control.Gates;
using Backstop.Control.Incidents;
using Backstop.Core.Gates;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Tests.Harness;

/// <summary>An operation of the API as it is mapped.</summary>
/// <param name="Path">What stands behind <c>/api/v1/</c> or another root, with its parameters in braces.</param>
internal sealed record Operation(RouteEndpoint Endpoint, HttpMethod Method, string Path)
{
    /// <summary>As docs/access.md writes it.</summary>
    public string Name => $"{Method} /api/v1/{Path}";

    /// <summary>The type of the body it takes; null when it takes none.</summary>
    public Type? Takes => Endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType;

    /// <summary>Every one that there is.</summary>
    public static List<Operation> All(ControlServer server, string root = "/api/v1/") =>
    [
        .. from endpoint in server.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
           let route = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')
           where route.StartsWith(root, StringComparison.Ordinal)
           from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
           select new Operation(endpoint, new(method), route[root.Length..]),
    ];
}

/// <summary>One of everything that has an id, all on one alias, so that every operation finds what it is about.</summary>
internal sealed class Furniture
{
    public const string Alias = "assistant:prod";

    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);

    /// <summary>Fills a server on which no key exists yet.</summary>
    public static async Task<Furniture> Of(ControlServer server)
    {
        await server.Register("v7", new("http://127.0.0.1:9"), "m");
        await server.Register("v8", new("http://127.0.0.1:9"), "n");
        await server.CreateAlias(Alias, "v7");
        await server.Post("components/parameters/answers", new { content = new { temperature = 0.5 } });
        var (_, rollout) = await server.Post($"aliases/{Alias}/rollouts", new { release = "v8" });
        var digests = (await server.Get("releases")).AsArray().Select(r => (string)r!["digest"]!).ToArray();
        var incident = await server.Services.GetRequiredService<IncidentBook>()
            .Raise(new() { Alias = Alias, Release = digests[1], Baseline = digests[0], Blamed = true, Reason = "worse" });
        await server.Services.GetRequiredService<GateStore>().Save(StrictGate("gate-1"), "test");
        await server.Services.GetRequiredService<MonitorStore>().Save(NothingAsked("monitor-1", incident.Id), "test");
        return new()
        {
            _ids =
            {
                ["rollouts"] = (string)rollout["id"]!, ["incidents"] = incident.Id, ["gates"] = "gate-1", ["monitors"] = "monitor-1", ["aliases"] = "no-mitigation",
            },
        };
    }

    /// <summary>The path with what stands here in the place of its parameters.</summary>
    public string Fit(string path)
    {
        var family = path.Split('/')[0];
        return path
            .Replace("{name}", family == "aliases" ? Alias : "v7", StringComparison.Ordinal)
            .Replace("{before}", "v7", StringComparison.Ordinal)
            .Replace("{after}", "v8", StringComparison.Ordinal)
            .Replace("{kind}", "parameters", StringComparison.Ordinal)
            .Replace("{component}", "answers", StringComparison.Ordinal)
            .Replace("{version}", "1", StringComparison.Ordinal)
            .Replace("{other}", "latest", StringComparison.Ordinal)
            .Replace("{time}", "2099-01-01T00:00:00Z", StringComparison.Ordinal)
            .Replace("{key}", "nobody", StringComparison.Ordinal)
            .Replace("{id}", path.Contains("{id}", StringComparison.Ordinal)
                ? _ids.GetValueOrDefault(family) ?? throw new InvalidOperationException($"Make one of /{family} in Furniture, so that its operations can be tried.")
                : "", StringComparison.Ordinal);
    }

    /// <summary>A monitor whose rule asks for nothing.</summary>
    private static InputMonitor NothingAsked(string id, string incident) => new(
        id, Alias, incident, new(Cause.EmptyFeatures, "features", "nothing", DateTimeOffset.UnixEpoch, "test", 1, new(TimeSpan.Zero, 1, 0, 1, 1)), GateState.Draft, "test", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch)
    {
        Inputs = "{}",
    };

    /// <summary>A gate that has no cases.</summary>
    public static Gate StrictGate(string id, string alias = Alias) => new()
    {
        Id = id,
        Alias = alias,
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
}
