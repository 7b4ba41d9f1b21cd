using System.Diagnostics;
using System.Globalization;
using System.Net;
using Backstop.Control;
using Backstop.Control.Fleet;
using Backstop.Control.Hosting;
using Backstop.Core.Registry;
using Backstop.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Release = Backstop.Core.Registry.Release;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.FanoutBench;

/// <summary>Our fleet hub and a bare broadcast in one process, their gateways in one other, measured in turn.</summary>
internal static class Comparison
{
    private const string Alias = "bench:prod";
    private const int WarmUp = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task<Measurement> Run(int gateways, int rounds, CancellationToken cancel)
    {
        var data = Directory.CreateTempSubdirectory("backstop-fanout-");
        try
        {
            await using var ours = await Start(builder => builder.AddControl(new() { DataDirectory = data.FullName }), app => app.MapControl());
            var bare = new BareFleet();
            await using var theirs = await Start(
                builder =>
                {
                    builder.Services.AddGrpc();
                    builder.Services.AddSingleton(bare);
                },
                app => app.MapGrpcService<BareFleet>());
            var hub = ours.Services.GetRequiredService<FleetHub>();
            var release = ((ReleaseResult.Parsed)Release.Parse(
                "v1", """{ "model": { "name": "m" }, "prompt": { "system": "Answer with one JSON object." }, "serving": { "protocol": "openai", "model": "m", "replicas": ["http://127.0.0.1:1"] } }""")).Release;
            PublishedRoute Published(long generation) => new(new() { Alias = Alias, Epoch = 1, Generation = generation, Current = release.Digest, Salt = "s" }, [release]);
            FromControl Message(long generation) => new()
            {
                Route = new() { Nonce = (ulong)generation, Route = Published(generation).Route.ToMessage(), Releases = { release.ToMessage() } },
            };
            bare.First = () => Message(1);
            hub.Converged = null; // There is no such alias in the store: nobody is to be told.
            hub.Publish(Published(1));
            var before = Memory();
            using var clients = await StartClients(gateways, Port(ours), Port(theirs), cancel);
            var memory = (Memory() - before) / (2.0 * gateways);

            var (hubTimes, bareTimes) = (new Times(), new Times());
            for (var round = 0; round < rounds + WarmUp; round++)
            {
                // In turn, each first every second time: whatever else the machine does meets both alike.
                var generation = round + 2L;
                Func<Task>[] both = [ByHub, ByBroadcast];
                await both[round % 2]();
                await both[1 - (round % 2)]();

                async Task ByHub()
                {
                    var at = DateTimeOffset.UtcNow;
                    hub.Publish(Published(generation));
                    await Until(() => hub.HasConverged(Alias, 1, generation), cancel);
                    hubTimes.Add(round >= WarmUp, hub.Progress(Alias).Select(p => (p.AckedAt - at).TotalMilliseconds));
                }

                async Task ByBroadcast()
                {
                    var at = Stopwatch.GetTimestamp();
                    await bare.Broadcast(Message(generation));
                    await Until(() => bare.Acknowledged(generation).Count == gateways, cancel);
                    bareTimes.Add(round >= WarmUp, bare.Acknowledged(generation).Select(t => Stopwatch.GetElapsedTime(at, t).TotalMilliseconds));
                }
            }

            await clients.StandardInput.WriteLineAsync();
            await clients.WaitForExitAsync(cancel);
            return new(gateways, rounds, hubTimes.Summary(), bareTimes.Summary(), memory / 1024);
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task<WebApplication> Start(Action<WebApplicationBuilder> add, Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        add(builder);
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return app;
    }

    private static int Port(WebApplication app) =>
        new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    private static async Task<Process> StartClients(int gateways, int ours, int theirs, CancellationToken cancel)
    {
        var info = new ProcessStartInfo(Environment.ProcessPath!, ["clients", $"{ours}", $"{theirs}", "--count", $"{gateways}"])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        var clients = Process.Start(info)!;
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(Patience);
        return await clients.StandardOutput.ReadLineAsync(late.Token) == Clients.Ready
            ? clients
            : throw new InvalidOperationException("The gateways did not connect.");
    }

    // Spinning would take the core that the clients need.
    private static async Task Until(Func<bool> isSo, CancellationToken cancel)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(Patience);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!isSo())
        {
            await pace.WaitForNextTickAsync(late.Token);
        }
    }

    private static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private sealed class Times
    {
        private readonly List<double> _each = [];
        private readonly List<double> _last = [];

        public void Add(bool isMeasured, IEnumerable<double> milliseconds)
        {
            if (isMeasured)
            {
                double[] times = [.. milliseconds];
                _each.AddRange(times);
                _last.Add(times.Max());
            }
        }

        public Percentiles Summary() => new(At(_each, 0.5), At(_each, 0.99), At(_last, 0.5));

        private static double At(List<double> values, double share)
        {
            values.Sort();
            return values[(int)Math.Min(values.Count - 1, Math.Ceiling(share * values.Count) - 1)];
        }
    }
}

/// <summary>Milliseconds from the push to the acknowledgement.</summary>
/// <param name="Last">The median, over the rounds, of the last gateway's.</param>
internal sealed record Percentiles(double P50, double P99, double Last)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"p50 {P50:0.0} ms, p99 {P99:0.0} ms, last {Last:0.0} ms");
}

/// <param name="MemoryKibibytes">Managed memory of the server process for one connected gateway, the mean over both kinds.</param>
internal sealed record Measurement(int Gateways, int Rounds, Percentiles Hub, Percentiles Bare, double MemoryKibibytes)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Gateways} gateways: hub {Hub}; bare broadcast {Bare}; last is {Hub.Last / Bare.Last:0.00} times the bare one's; {MemoryKibibytes:0} KiB of managed memory each");
}
