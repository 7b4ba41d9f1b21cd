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
internal sealed record Programs(string Work, string Backstop, string? Nginx, string? Portkey);

/// <summary>Starts what is compared, each configured as its own documentation says, all in front of the same model server.</summary>
internal sealed class Contenders(Programs programs, int core, int upstream)
{
    public const string Alias = "assistant:prod";

    /// <summary>A case of the comparison.</summary>
    /// <param name="Start">Starts its proxy; null when the model server is asked directly.</param>
    public sealed record Contender(string Name, string Model, bool Streams, Func<Task<ServerProcess>>? Start, string Headers = "");

    /// <summary>What can be compared here, in the order of the table.</summary>
    public IEnumerable<Contender> All()
    {
        yield return new("direct", "bench", Streams: false, Start: null);
        if (programs.Nginx is not null)
        {
            yield return new("nginx", "bench", Streams: false, Nginx);
        }

        yield return new("bare forwarder", "bench", Streams: false, () => Own("bare", "bare"));
        yield return new("YARP", "bench", Streams: false, () => Own("yarp", "yarp"));
        if (programs.Portkey is not null)
        {
            yield return new("Portkey", "bench", Streams: false, Portkey,
                $"x-portkey-provider: openai\r\nx-portkey-custom-host: http://127.0.0.1:{upstream}/v1\r\nAuthorization: Bearer none\r\n");
        }

        yield return new("Backstop", Alias, Streams: false, () => Backstop("plain", aliases: 10, ring: false));
        yield return new("Backstop, 10,000 aliases", Alias, Streams: false, () => Backstop("many", aliases: 10_000, ring: false));
        yield return new("Backstop, default ring", Alias, Streams: false, () => Backstop("ring", aliases: 10, ring: true));
        yield return new("direct, streamed", "bench", Streams: true, Start: null);
        yield return new("YARP, streamed", "bench", Streams: true, () => Own("yarp", "yarp-streamed"));
        yield return new("Backstop, streamed", Alias, Streams: true, PlainStreamed);
        yield return new("Backstop, default ring, streamed", Alias, Streams: true, () => Backstop("ring-streamed", aliases: 10, ring: true));
    }

    /// <summary>Ours, without checks.</summary>
    public Task<ServerProcess> PlainStreamed() => Backstop("plain-streamed", aliases: 10, ring: false);

    private Task<ServerProcess> Nginx()
    {
        var (port, folder) = (ServerProcess.FreePort(), Folder("nginx"));
        var configuration = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(configuration, $$"""
            daemon off; master_process off; worker_processes 1; pid {{folder}}/nginx.pid; error_log {{folder}}/error.log;
            events { worker_connections 4096; }
            http {
                access_log off; client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy; fastcgi_temp_path {{folder}}/f;
                uwsgi_temp_path {{folder}}/u; scgi_temp_path {{folder}}/s; keepalive_requests 1000000000;
                upstream models { server 127.0.0.1:{{upstream}}; keepalive 256; keepalive_requests 1000000000; }
                server {
                    listen 127.0.0.1:{{port}};
                    location / { proxy_pass http://models; proxy_http_version 1.1; proxy_set_header Connection ""; }
                }
            }
            """);
        return ServerProcess.Start(core, port, Path.Combine(folder, "log"), programs.Nginx!, "-c", configuration);
    }

    // What is in this program itself runs as another process of it.
    private Task<ServerProcess> Own(string command, string folder)
    {
        var port = ServerProcess.FreePort();
        return ServerProcess.Start(
            core, port, Path.Combine(Folder(folder), "log"), Environment.ProcessPath!, command, port.ToString(), upstream.ToString());
    }

    private Task<ServerProcess> Portkey()
    {
        var port = ServerProcess.FreePort();
        return ServerProcess.Start(
            core, port, Path.Combine(Folder("portkey"), "log"), "node", programs.Portkey!, $"--port={port}", "--headless");
    }

    // It starts from its route file with no control plane in reach: what it can do then it can always do.
    private Task<ServerProcess> Backstop(string name, int aliases, bool ring)
    {
        var (port, nowhere, folder) = (ServerProcess.FreePort(), ServerProcess.FreePort(), Folder(name));
        var manifest = new JsonObject
        {
            ["serving"] = new JsonObject { ["model"] = "bench", ["replicas"] = new JsonArray($"http://127.0.0.1:{upstream}/v1") },
        };
        if (!ring)
        {
            manifest["guard_policy"] = new JsonObject { ["name"] = "none", ["stages"] = new JsonObject() };
        }

        var release = Release.Parse("v1", manifest.ToJsonString()) is ReleaseResult.Parsed parsed
            ? parsed.Release
            : throw new InvalidOperationException("The manifest of the benchmark is wrong.");
        var routes = Enumerable.Range(1, aliases - 1).Select(i => $"alias-{i}:prod").Append(Alias)
            .Select(alias => new RouteChange(new Route { Alias = alias, Epoch = 1, Generation = 1, Current = release.Digest, Salt = "salt" }, [release]));
        var (table, _) = RouteTable.Empty.Apply([.. routes]);
        new RouteFile(Path.Combine(folder, "routes.json")).Write(table);
        return ServerProcess.Start(
            core, port, Path.Combine(folder, "log"), programs.Backstop,
            "serve", "--role", "gateway", "--http", $"127.0.0.1:{port}", "--control", $"http://127.0.0.1:{nowhere}", "--data", folder);
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
