using System.Net;
using Backstop.GatewayBench.Load;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Backstop.GatewayBench.Servers;

/// <summary>YARP with one route and one destination, or with as many of each as there are tenants: the measure of what any proxy on this platform costs.</summary>
/// <remarks>
/// It logs nothing, as whoever looks at its cost would have it. Its template logs two lines a request to standard output: that is a
/// contender of its own. Tenants are told apart by the first segment of the path, which routing finds in a dictionary; headers and host
/// names it would compare with one route after the other.
/// </remarks>
internal static class PlainYarp
{
    /// <param name="tenants">0 for one route that takes everything.</param>
    /// <param name="oneClient">Whether all clusters share a client and its connections; as it comes, each has its own.</param>
    public static async Task Run(int port, int upstream, bool logs, int tenants, bool oneClient, CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        if (logs)
        {
            builder.Logging.AddFilter("Microsoft", LogLevel.Warning); // As in the settings of its template.
        }
        else
        {
            builder.Logging.ClearProviders();
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Services.AddReverseProxy().LoadFromMemory(
            tenants == 0
                ? [new() { RouteId = "all", ClusterId = "models", Match = new() { Path = "/{**rest}" } }]
                : [.. Enumerable.Range(1, tenants).Select(Workload.PathOf).Select(RouteOf)],
            tenants == 0
                ? [ClusterOf("models", $"http://127.0.0.1:{upstream}/")]
                : [.. Enumerable.Range(1, tenants).Select(Workload.PathOf).Select(path => ClusterOf(path, $"http://127.0.0.1:{upstream}{path}/"))]);
        if (oneClient)
        {
            builder.Services.AddSingleton<IForwarderHttpClientFactory, OneClient>();
        }

        await using var app = builder.Build();
        app.MapReverseProxy();
        if (tenants > 0)
        {
            // The first request makes the table of all routes; that is not left to the load.
            app.MapGet("/readyz", _ => Task.CompletedTask);
        }

        await app.StartAsync(cancel);
        await app.WaitForShutdownAsync(cancel);
    }

    private static RouteConfig RouteOf(string path) => new()
    {
        RouteId = path,
        ClusterId = path,
        Match = new() { Path = $"{path}/{{**rest}}" },
        Transforms = [new Dictionary<string, string>(StringComparer.Ordinal) { ["PathRemovePrefix"] = path }],
    };

    private static ClusterConfig ClusterOf(string id, string address) => new()
    {
        ClusterId = id,
        Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal) { ["one"] = new() { Address = address } },
    };

    // What sends to one server may share its connections, as our aliases do.
    private sealed class OneClient : IForwarderHttpClientFactory
    {
        private readonly ForwarderHttpClientFactory _factory = new();
        private HttpMessageInvoker? _one;

        public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context) => _one ??= _factory.CreateClient(context);
    }
}
