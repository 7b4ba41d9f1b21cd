using System.Text.Json.Nodes;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.GatewayBench.Load;
using Backstop.Gateway.Routing;

namespace Backstop.GatewayBench.Servers;

/// <summary>Where the programs are that are measured.</summary>
/// <param name="Work">Folder for configuration, data and logs.</param>
/// <param name="Backstop">Our executable, as published.</param>
/// <param name="Nginx">Null to leave it out.</param>
/// <param name="Portkey">The start script of Portkey's gateway; null to leave it out.</param>
/// <param name="Before">Another build of ours; null for none.</param>
internal sealed record Programs(string Work, string Backstop, string? Nginx, string? Portkey, string? Before = null);

/// <summary>Starts what is compared, each configured as its own documentation says, all in front of the same model server.</summary>
internal sealed class Contenders(Programs programs, int core, int upstream)
{
    public const string Direct = "direct";
    public const string Nginx = "nginx";
    public const string Bare = "bare forwarder";
    public const string Yarp = "YARP";
    public const string YarpThatLogs = "YARP that logs";
    public const string Portkey = "Portkey";
    public const string Plain = "Backstop";
    public const string Ring = "Backstop, default ring";
    public const string RingOnProse = "Backstop, default ring, many texts";
    public const string PlainBefore = "Backstop before";
    public const string RingBefore = "Backstop before, default ring";
    public const string RingOnProseBefore = "Backstop before, default ring, many texts";
    public const string Ten = "Backstop, 10 aliases and policies";
    public const string TenThousand = "Backstop, 10,000 aliases and policies";
    public const string TenThousandAskedTen = TenThousand + ", 10 asked";
    public const string TenThousandByPopularity = TenThousand + ", by popularity";
    public const string TenBefore = "Backstop before, 10 aliases and policies";
    public const string TenThousandBefore = "Backstop before, 10,000 aliases and policies";
    public const string YarpTen = "YARP, 10 tenants";
    public const string YarpTenThousand = "YARP, 10,000 tenants";
    public const string YarpTenThousandByPopularity = YarpTenThousand + ", by popularity";
    public const string YarpTenApart = YarpTen + ", a client each";
    public const string YarpTenThousandApart = YarpTenThousand + ", a client each";
    public const string NginxTen = "nginx, 10 tenants";
    public const string NginxTenThousand = "nginx, 10,000 tenants";
    public const string NginxTenThousandByPopularity = NginxTenThousand + ", by popularity";
    public const string DirectStreamed = "direct, streamed";
    public const string NginxStreamed = "nginx, streamed";
    public const string YarpStreamed = "YARP, streamed";
    public const string PlainStreamed = "Backstop, streamed";
    public const string RingStreamed = "Backstop, default ring, streamed";

    /// <summary>A case of the comparison.</summary>
    /// <param name="Workload">What it is asked.</param>
    /// <param name="Start">Starts its proxy; null when the model server is asked directly.</param>
    public sealed record Contender(string Name, Workload Workload, Func<Task<ServerProcess>>? Start)
    {
        /// <summary>Whether much of what it does for a request is not compiled ahead, but while it runs.</summary>
        public bool IsCompiledLate { get; init; }
    }

    /// <summary>What a case with ten thousand tenants is compared to, the same with ten; null of others.</summary>
    public static string? TenOf(string name) => name switch
    {
        TenThousandAskedTen or TenThousandByPopularity or TenThousand => Ten,
        TenThousandBefore => TenBefore,
        YarpTenThousandByPopularity or YarpTenThousand => YarpTen,
        YarpTenThousandApart => YarpTenApart,
        NginxTenThousandByPopularity or NginxTenThousand => NginxTen,
        _ => null,
    };

    /// <summary>The contender of that name; null when its program is not here.</summary>
    public Contender? Named(string name)
    {
        var folder = string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
        return name switch
        {
            Direct => new(name, Workload.Chat("bench"), Start: null),
            DirectStreamed => new(name, Workload.Chat("bench", stream: true), Start: null),
            Nginx => programs.Nginx is null ? null : new(name, Workload.Chat("bench"), () => StartNginx(folder, "on")),
            NginxStreamed => programs.Nginx is null ? null : new(name, Workload.Chat("bench", stream: true), () => StartNginx(folder, "off")),
            Bare => new(name, Workload.Chat("bench"), () => StartOwn("bare", folder)),
            Yarp => new(name, Workload.Chat("bench"), () => StartOwn("yarp", folder)),
            YarpThatLogs => new(name, Workload.Chat("bench"), () => StartOwn("yarp", folder, "--logs")),
            YarpStreamed => new(name, Workload.Chat("bench", stream: true), () => StartOwn("yarp", folder)),
            Portkey => programs.Portkey is null ? null : new(name, Workload.Chat("bench", headers: ForPortkey()), () => StartPortkey(folder)),
            Plain => new(name, Workload.Chat(Workload.AliasOf(1)), () => StartBackstop(folder, Aliases(1), NoChecks)),
            Ring => new(name, Workload.Chat(Workload.AliasOf(1)), () => StartBackstop(folder, Aliases(1), DefaultChecks)),
            RingOnProse => new(name, Workload.Prose(Workload.AliasOf(1)), () => StartBackstop(folder, Aliases(1), DefaultChecks)),
            RingOnProseBefore => programs.Before is not { } before ? null : new(name, Workload.Prose(Workload.AliasOf(1)), () => StartBackstop(folder, Aliases(1), DefaultChecks, before)),
            PlainBefore => programs.Before is not { } before ? null : new(name, Workload.Chat(Workload.AliasOf(1)), () => StartBackstop(folder, Aliases(1), NoChecks, before)),
            RingBefore => programs.Before is not { } before ? null : new(name, Workload.Chat(Workload.AliasOf(1)), () => StartBackstop(folder, Aliases(1), DefaultChecks, before)),
            Ten => new(name, Workload.InTurn(10), () => StartBackstop(folder, Aliases(10), ChecksOfItsOwn)),
            TenThousand => new(name, Workload.InTurn(10_000), () => StartBackstop(folder, Aliases(10_000), ChecksOfItsOwn)),
            TenThousandAskedTen => new(name, Workload.InTurn(10), () => StartBackstop(folder, Aliases(10_000), ChecksOfItsOwn)),
            TenThousandByPopularity => new(name, Workload.ByPopularity(10_000), () => StartBackstop(folder, Aliases(10_000), ChecksOfItsOwn)),
            TenBefore => programs.Before is not { } before ? null : new(name, Workload.InTurn(10), () => StartBackstop(folder, Aliases(10), ChecksOfItsOwn, before)),
            TenThousandBefore => programs.Before is not { } before ? null
                : new(name, Workload.InTurn(10_000), () => StartBackstop(folder, Aliases(10_000), ChecksOfItsOwn, before)),
            YarpTen => YarpOf(10, Workload.InTurn(10, byPath: true), oneClient: true),
            YarpTenThousand => YarpOf(10_000, Workload.InTurn(10_000, byPath: true), oneClient: true),
            YarpTenThousandByPopularity => YarpOf(10_000, Workload.ByPopularity(10_000, byPath: true), oneClient: true),
            YarpTenApart => YarpOf(10, Workload.InTurn(10, byPath: true), oneClient: false),
            YarpTenThousandApart => YarpOf(10_000, Workload.InTurn(10_000, byPath: true), oneClient: false),
            NginxTen => NginxOf(10, Workload.InTurn(10, byPath: true)),
            NginxTenThousand => NginxOf(10_000, Workload.InTurn(10_000, byPath: true)),
            NginxTenThousandByPopularity => NginxOf(10_000, Workload.ByPopularity(10_000, byPath: true)),
            PlainStreamed => new(name, Workload.Chat(Workload.AliasOf(1), stream: true), () => StartBackstop(folder, Aliases(1), NoChecks)),
            RingStreamed => new(name, Workload.Chat(Workload.AliasOf(1), stream: true), () => StartBackstop(folder, Aliases(1), DefaultChecks)),
            _ => throw new ArgumentException($"'{name}' is no contender.", nameof(name)),
        };

        Contender YarpOf(int tenants, Workload asked, bool oneClient) => new(name, asked, () => StartYarp(folder, tenants, oneClient)) { IsCompiledLate = true };

        Contender? NginxOf(int tenants, Workload asked) => programs.Nginx is null ? null : new(name, asked, () => StartNginx(folder, "on", tenants));
    }

    private static string[] Aliases(int count) => [.. Enumerable.Range(1, count).Select(Workload.AliasOf)];

    private static JsonObject NoChecks(int alias) => new() { ["name"] = "none", ["stages"] = new JsonObject() };

    private static JsonObject? DefaultChecks(int alias) => null;

    // A check that costs next to nothing: what is looked for is what it costs that there are so many.
    private static JsonObject ChecksOfItsOwn(int alias) => new()
    {
        ["name"] = $"policy-{alias}",
        ["stages"] = new JsonObject
        {
            ["input"] = new JsonObject
            {
                ["checks"] = new JsonArray(new JsonObject { ["use"] = "length", ["action"] = "block", ["with"] = new JsonObject { ["max_chars"] = 100_000 + alias } }),
            },
        },
    };

    private string ForPortkey() => $"x-portkey-provider: openai\r\nx-portkey-custom-host: http://127.0.0.1:{upstream}/v1\r\nAuthorization: Bearer none\r\n";

    private Task<ServerProcess> StartNginx(string name, string buffering, int tenants = 0)
    {
        var (port, folder) = (ServerProcess.FreePort(), Folder(name));
        var configuration = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(configuration, NginxConfiguration.Of(folder, port, upstream, buffering, tenants));
        return ServerProcess.Start(core, port, Path.Combine(folder, "log"), programs.Nginx!, "-c", configuration);
    }

    // What is in this program itself runs as another process of it.
    private Task<ServerProcess> StartOwn(string command, string folder, params string[] options)
    {
        var port = ServerProcess.FreePort();
        return ServerProcess.Start(
            core, port, Path.Combine(Folder(folder), "log"), Environment.ProcessPath!, [command, port.ToString(), upstream.ToString(), .. options]);
    }

    private async Task<ServerProcess> StartYarp(string folder, int tenants, bool oneClient) =>
        await (await StartOwn("yarp", folder, ["--tenants", tenants.ToString(), .. oneClient ? (string[])["--one-client"] : []])).WhenReady("/readyz");

    private Task<ServerProcess> StartPortkey(string name)
    {
        var port = ServerProcess.FreePort();
        return ServerProcess.Start(
            core, port, Path.Combine(Folder(name), "log"), "node", programs.Portkey!, $"--port={port}", "--headless");
    }

    // It starts from its route file with no control plane in reach: what it can do then it can always do.
    private async Task<ServerProcess> StartBackstop(string name, string[] aliases, Func<int, JsonObject?> policyOf, string? program = null)
    {
        var (port, nowhere, folder) = (ServerProcess.FreePort(), ServerProcess.FreePort(), Folder(name));
        var (table, _) = RouteTable.Empty.Apply([.. aliases.Select((alias, i) => RouteTo(ReleaseOf($"v{i + 1}", policyOf(i)), alias))]);
        new RouteFile(Path.Combine(folder, "routes.json")).Write(table);
        var server = await ServerProcess.Start(
            core, port, Path.Combine(folder, "log"), program ?? programs.Backstop,
            "serve", "--role", "gateway", "--http", $"127.0.0.1:{port}", "--control", $"http://127.0.0.1:{nowhere}", "--data", folder);
        return await server.WhenReady("/readyz");
    }

    private static RouteChange RouteTo(Release release, string alias) =>
        new(new Route { Alias = alias, Epoch = 1, Generation = 1, Current = release.Digest, Salt = "salt" }, [release]);

    private Release ReleaseOf(string name, JsonObject? policy)
    {
        var manifest = new JsonObject
        {
            ["serving"] = new JsonObject { ["model"] = "bench", ["replicas"] = new JsonArray($"http://127.0.0.1:{upstream}/v1") },
        };
        if (policy is not null)
        {
            manifest["guard_policy"] = policy;
        }

        return Release.Parse(name, manifest.ToJsonString()) switch
        {
            ReleaseResult.Parsed parsed => parsed.Release,
            var flawed => throw new InvalidOperationException($"The manifest of the benchmark is wrong: {flawed}"),
        };
    }

    private string Folder(string name)
    {
        var folder = Path.Combine(programs.Work, name);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return Directory.CreateDirectory(folder).FullName;
    }
}
