using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace Backstop.GatewayBench.Servers;

/// <summary>YARP with one route and one destination: the measure of what any proxy on this platform costs.</summary>
/// <remarks>
/// It logs nothing, as whoever looks at its cost would have it. Its template logs two lines a request to standard output: that is a
/// contender of its own.
/// </remarks>
internal static class PlainYarp
{
    public static async Task Run(int port, int upstream, bool logs, CancellationToken cancel)
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
            [new() { RouteId = "all", ClusterId = "models", Match = new() { Path = "/{**rest}" } }],
            [
                new()
                {
                    ClusterId = "models",
                    Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal)
                    {
                        ["one"] = new() { Address = $"http://127.0.0.1:{upstream}/" },
                    },
                },
            ]);
        await using var app = builder.Build();
        app.MapReverseProxy();
        await app.StartAsync(cancel);
        await app.WaitForShutdownAsync(cancel);
    }
}
