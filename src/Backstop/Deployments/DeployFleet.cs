using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Demo;
using Backstop.Hosting;

namespace Backstop.Deployments;

/// <summary>Backstop and the servers of two releases, each a process of its own: three of the old one, which can bear only so much, and one of the new one.</summary>
internal sealed class DeployFleet : IAsyncDisposable
{
    public const string Old = "v7";
    public const string New = "v8";

    private const int OldServers = 3;

    // Milliseconds; with them and the rate follows how many requests are under way, and so how many one server must bear.
    private const double MedianLatency = 100;
    private const double P99Latency = 200;

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-deploy-").FullName;
    private readonly Uri[] _old = [.. Enumerable.Range(0, OldServers).Select(_ => Free())];
    private readonly ChildProcess?[] _servers = new ChildProcess?[OldServers];
    private readonly List<ChildProcess> _others = [];
    private readonly int _seed;

    private DeployFleet(int seed)
    {
        _seed = seed;
        (Http, NewServer) = (Free(), Free());
        Client = new(Http);
    }

    public Uri Http { get; }

    /// <summary>The server of the new release.</summary>
    public Uri NewServer { get; }

    public ControlClient Client { get; }

    /// <summary>Starts every process and registers both releases.</summary>
    /// <param name="alias">The alias, which serves the old one.</param>
    /// <param name="rate">Requests per second that will come.</param>
    public static async Task<DeployFleet> Start(string alias, double rate, int seed, CancellationToken cancel)
    {
        var fleet = new DeployFleet(seed);
        try
        {
            await Task.WhenAll(
            [
                fleet.Add("serve", ["serve", "--http", fleet.Http.Authority, "--fleet", $"{Free().Authority}", "--data", Path.Combine(fleet._directory, "data")], cancel),
                fleet.Add(New, Emulator(fleet.NewServer, New, seed), cancel),
                .. Enumerable.Range(0, OldServers).Select(n => fleet.StartOld(n, cancel)),
            ]);

            // One alone bears half of the traffic, which a doubt that is contained leaves there, and not all of it: a control that turned
            // requests away would look ill itself, and nobody could be blamed.
            var concurrent = (int)Math.Ceiling(1.4 * rate * MedianLatency / 1000);
            await fleet.Register(Old, fleet._old, concurrent, cancel);
            await fleet.Register(New, [fleet.NewServer], concurrent: null, cancel);
            await fleet.Client.CreateAlias(new(alias, Old) { LabelDeadlineMs = 1500 }, cancel);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops all servers of the old release but one.</summary>
    public async Task Cool()
    {
        for (var n = 1; n < OldServers; n++)
        {
            await _servers[n]!.DisposeAsync();
            _servers[n] = null;
        }
    }

    /// <summary>Starts the stopped servers of the old release again; they answer when this returns.</summary>
    /// <param name="load">How long they load first.</param>
    public async Task Warm(TimeSpan load, CancellationToken cancel)
    {
        await Task.Delay(load, cancel);
        await Task.WhenAll(Enumerable.Range(0, OldServers).Where(n => _servers[n] is null).Select(n => StartOld(n, cancel)));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        foreach (var process in _others.Concat(_servers.OfType<ChildProcess>()))
        {
            await process.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static Uri Free() => new($"http://{ListenAddress.WithPort(new(IPAddress.Loopback, 0))}");

    private static string[] Emulator(Uri at, string name, int seed) =>
    [
        "emulate", "--port", $"{at.Port}", "--profile", "v7", "--name", name, "--seed", $"{seed}",
        "--latency-median", MedianLatency.ToString(CultureInfo.InvariantCulture), "--latency-p99", P99Latency.ToString(CultureInfo.InvariantCulture),
    ];

    private async Task StartOld(int number, CancellationToken cancel) => _servers[number] = await ChildProcess.Start(
        $"{Old}-{number}", Path.Combine(_directory, $"{Old}-{number}.log"), Emulator(_old[number], Old, _seed + number + 1), cancel);

    private async Task Add(string name, string[] arguments, CancellationToken cancel)
    {
        var process = await ChildProcess.Start(name, Path.Combine(_directory, $"{name}.log"), arguments, cancel);
        lock (_others)
        {
            _others.Add(process);
        }
    }

    private async Task Register(string name, Uri[] replicas, int? concurrent, CancellationToken cancel)
    {
        var manifest = DemoManifest.Of(name, replicas[0]);
        var serving = manifest["serving"]!;
        serving["replicas"] = new JsonArray([.. replicas.Select(r => JsonValue.Create(r.GetLeftPart(UriPartial.Authority)))]);
        serving["health"] = new JsonObject { ["path"] = "/health", ["interval_ms"] = 100, ["failures"] = 1 };
        if (concurrent is not null)
        {
            serving["concurrent"] = concurrent;
        }

        await Client.RegisterRelease(name, manifest, cancel);
    }
}
