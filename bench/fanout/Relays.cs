using System.Net;
using Backstop.Control.Relays;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Backstop.FanoutBench;

/// <summary>A relay as a process of its own.</summary>
internal static class Relays
{
    /// <summary>Carries streams to a port of this machine, says its own port, and stays until its input ends.</summary>
    public static async Task Run(int control, CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddRelay([new($"http://127.0.0.1:{control}")], tls: null);
        await using var app = builder.Build();
        app.MapRelay();
        await app.StartAsync(cancel);
        Console.WriteLine(Comparison.Port(app));
        await Console.In.ReadLineAsync(cancel);
    }
}
