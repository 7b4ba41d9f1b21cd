using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backstop.Control.Fleet;
using Backstop.Control.Hosting;
using Backstop.Control.Registry;
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

namespace Backstop.FanoutBench;

/// <summary>Our fleet hub, a bare broadcast, and another hub behind relays, in one process, their gateways in one other, measured in turn.</summary>
internal static class Comparison
{
    private const string Alias = "bench:prod";
    private const string Counted = "counted:prod";
    private const string Bench = "bench";
    private const int WarmUp = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task<Measurement> Run(Plan plan, CancellationToken cancel)
    {
        Release[] releases = [.. ((string[])["v1", "v2"]).Select(name => ((ReleaseResult.Parsed)Release.Parse(
            name, $$"""{ "model": { "name": "{{name}}" }, "prompt": { "system": "Answer with one JSON object." }, "serving": { "protocol": "openai", "model": "m", "replicas": ["http://127.0.0.1:1"] } }""")).Release)];
        var first = new AliasRecord { Name = Alias, Current = releases[0].Digest, Salt = "s" };
        await using var direct = await Hub.Start(first, releases, cancel);
        var swapped = first; // What the bare one broadcasts is what the others publish.
        var bare = new BareFleet { First = () => Message(first, releases) };
        await using var theirs = await Start(
            builder =>
            {
                builder.Services.AddGrpc();
                builder.Services.AddSingleton(bare);
            },
            app => app.MapGrpcService<BareFleet>());
        using var clients = new Helper("clients");

        var before = Memory();
        await clients.Tell($"connect {Port(theirs)} bare {plan.Gateways}", cancel);
        var bareMemory = Memory() - before;
        before = Memory();
        await clients.Tell($"connect {direct.Port} gateway {plan.Gateways}", cancel);
        var memory = Memory() - before;
        var (cost, stored) = plan.BatchSeconds == 0 ? default : await CostOfBatches(direct, clients, plan, cancel);

        // The relays' own control plane: one hub cannot converge for some of its gateways.
        var relays = new List<Helper>();
        var behind = plan.Relays == 0 ? null : await Hub.Start(first, releases, cancel);
        try
        {
            before = Memory();
            for (var i = 0; i < plan.Relays; i++)
            {
                relays.Add(new("relay", $"{behind!.Port}"));
                await clients.Tell($"connect {await relays[^1].Says(cancel)} relay-{i} {(plan.Gateways + i) / plan.Relays}", cancel);
            }

            var relayedMemory = Memory() - before;
            List<(Times Times, Func<Task<IEnumerable<double>>> Swap)> kinds =
            [
                (new(), () => direct.Swap(cancel)),
                (new(), () => Broadcast(bare, Message(swapped = Next(swapped, releases), releases), swapped.Generation, plan.Gateways, cancel)),
                .. behind is null ? [] : new[] { (new Times(), (Func<Task<IEnumerable<double>>>)(() => behind.Swap(cancel))) },
            ];
            for (var round = 0; round < plan.Rounds + WarmUp; round++)
            {
                // In turn, and another one first each time: whatever else the machine does meets all alike.
                for (var turn = 0; turn < kinds.Count; turn++)
                {
                    var (times, swap) = kinds[(round + turn) % kinds.Count];
                    times.Add(round >= WarmUp, await swap());
                }
            }

            return new(plan.Gateways, plan.Rounds, kinds[0].Times.Summary(), kinds[1].Times.Summary(), kinds.Count > 2 ? kinds[2].Times.Summary() : null)
            {
                Kibibytes = memory / 1024.0 / plan.Gateways,
                BareKibibytes = bareMemory / 1024.0 / plan.Gateways,
                RelayedKibibytes = relayedMemory / 1024.0 / plan.Gateways,
                Relays = plan.Relays,
                BatchCores = cost,
                BatchAcknowledgements = stored,
            };
        }
        finally
        {
            relays.ForEach(r => r.Dispose());
            if (behind is not null)
            {
                await behind.DisposeAsync();
            }
        }
    }

    /// <summary>The row after a swap to the release that is not current.</summary>
    private static AliasRecord Next(AliasRecord alias, Release[] releases) =>
        ((SwapResult.Swapped)alias.Apply(
            new AliasChange.Promote(releases.First(r => r.Digest != alias.Current).Digest, HoldbackBasisPoints: 0, alias.Salt), alias.Generation)).Alias;

    private static FromControl Message(AliasRecord alias, Release[] releases)
    {
        var route = alias.ToRoute();
        return new()
        {
            Route = new()
            {
                Nonce = (ulong)alias.Generation, Route = route.ToMessage(), Releases = { route.Releases().Select(digest => releases.First(r => r.Digest == digest).ToMessage()) },
            },
        };
    }

    public static int Port(WebApplication app) =>
        new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    private static async Task<IEnumerable<double>> Broadcast(BareFleet bare, FromControl message, long generation, int gateways, CancellationToken cancel)
    {
        var at = Stopwatch.GetTimestamp();
        await bare.Broadcast(message);
        await Until(() => bare.Acknowledged(generation).Count == gateways, cancel);
        return bare.Acknowledged(generation).Select(t => Stopwatch.GetElapsedTime(at, t).TotalMilliseconds);
    }

    /// <summary>How many cores the whole process needs while every gateway sends a batch a second, and how often gateways were told that some are stored.</summary>
    private static async Task<(double Cores, long Stored)> CostOfBatches(Hub hub, Helper clients, Plan plan, CancellationToken cancel)
    {
        var generation = await hub.Create(Counted, cancel);
        await clients.Tell($"batches {Counted} {generation} 3", cancel); // What is compiled and woken once.
        var (began, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var stored = await clients.Tell($"batches {Counted} {generation} {plan.BatchSeconds}", cancel);
        return ((Environment.CpuUsage.TotalTime - used) / Stopwatch.GetElapsedTime(began), stored);
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

    /// <summary>A whole control plane, and the owner of an alias in it.</summary>
    private sealed class Hub(WebApplication app, AliasRecord alias, Release[] releases, DirectoryInfo data) : IAsyncDisposable
    {
        private readonly FleetHub _hub = app.Services.GetRequiredService<FleetHub>();
        private readonly AliasStore _store = app.Services.GetRequiredService<AliasStore>();
        private readonly Publisher _publisher = app.Services.GetRequiredService<Publisher>();
        private AliasRecord _alias = alias;

        public int Port => Comparison.Port(app);

        public static async Task<Hub> Start(AliasRecord alias, Release[] releases, CancellationToken cancel)
        {
            var data = Directory.CreateTempSubdirectory("backstop-fanout-");
            var app = await Comparison.Start(builder => builder.AddControl(new() { DataDirectory = data.FullName }), app => app.MapControl());
            foreach (var release in releases)
            {
                await app.Services.GetRequiredService<ReleaseStore>().Register(release, Bench);
            }

            var hub = new Hub(app, alias, releases, data);
            hub._hub.Converged = null; // It is owned here and not by a grain.
            await hub._store.Create(alias, new("alias_created", Bench, Bench));
            await hub._publisher.Publish(alias);
            cancel.ThrowIfCancellationRequested();
            return hub;
        }

        /// <summary>Swaps as an owner does, and says how many milliseconds after the commit each gateway had acknowledged it.</summary>
        public async Task<IEnumerable<double>> Swap(CancellationToken cancel)
        {
            var next = Next(_alias, releases);
            await _store.Commit(_alias, next, rollout: null, new("alias_swapped", Bench, Bench));
            var committed = DateTimeOffset.UtcNow;
            _alias = next;
            await _publisher.Publish(next);
            await Until(() => _hub.HasConverged(Alias, next.Epoch, next.Generation), cancel);
            return _hub.Progress(Alias).Select(p => (p.AckedAt - committed).TotalMilliseconds);
        }

        /// <summary>Creates an alias as anybody would, and returns its generation.</summary>
        public async Task<long> Create(string alias, CancellationToken cancel)
        {
            using var http = new HttpClient
            {
                BaseAddress = new($"http://127.0.0.1:{Port}/api/v1/"), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            var manifest = new { serving = new { model = "m", replicas = new[] { "http://127.0.0.1:9" } } };
            (await http.PostAsJsonAsync("releases", new { name = "v7", manifest }, cancel)).EnsureSuccessStatusCode();
            var made = (await http.PostAsJsonAsync("aliases", new { name = alias, release = "v7" }, cancel)).EnsureSuccessStatusCode();
            return (long)JsonNode.Parse(await made.Content.ReadAsStringAsync(cancel))!["generation"]!;
        }

        public async ValueTask DisposeAsync()
        {
            await app.DisposeAsync();
            data.Delete(recursive: true);
        }
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

/// <param name="Gateways">How many are connected to each kind of server.</param>
/// <param name="Rounds">How often each kind swaps.</param>
/// <param name="Relays">How many relays there are.</param>
/// <param name="BatchSeconds">For how long gateways send batches.</param>
internal sealed record Plan(int Gateways, int Rounds, int Relays, int BatchSeconds);

/// <summary>Milliseconds from the commit, or from the bare broadcast's beginning, to the acknowledgement.</summary>
/// <param name="Last">The median, over the rounds, of the last gateway's.</param>
internal sealed record Percentiles(double P50, double P99, double Last)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"p50 {P50:0.0} ms, p99 {P99:0.0} ms, last {Last:0.0} ms");
}

/// <param name="Hub">Gateways at the control plane.</param>
/// <param name="Bare">Gateways at the bare broadcast.</param>
/// <param name="Relayed">Gateways behind relays; null without any.</param>
internal sealed record Measurement(int Gateways, int Rounds, Percentiles Hub, Percentiles Bare, Percentiles? Relayed)
{
    public int Relays { get; init; }

    /// <summary>Managed memory of the server process for one gateway: of the control plane, of the bare broadcast, and of the control plane for one behind a relay.</summary>
    public double Kibibytes { get; init; }

    public double BareKibibytes { get; init; }

    public double RelayedKibibytes { get; init; }

    /// <summary>Cores that the server process needs while every gateway sends a batch a second.</summary>
    public double BatchCores { get; init; }

    public long BatchAcknowledgements { get; init; }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        {Gateways} gateways: hub {Hub}; bare broadcast {Bare}; last is {Hub.Last / Bare.Last:0.00} times the bare one's{(Relayed is null ? "" : $"; through {Relays} relays {Relayed}, {Relayed.Last / Bare.Last:0.00} times")}
          managed memory for each: hub {Kibibytes:0} KiB, bare {BareKibibytes:0} KiB, hub behind relays {RelayedKibibytes:0} KiB; a batch a second from each: {BatchCores:0.00} cores, {BatchAcknowledgements} acknowledgements
        """);
}
