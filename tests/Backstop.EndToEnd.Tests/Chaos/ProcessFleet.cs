using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Control.Tests.Harness;
using Backstop.Demo;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>Control planes on one PostgreSQL, gateways that follow them, and model servers of two releases: each a process of its own.</summary>
/// <remarks>
/// Apart, each control plane and gateway has a network and a disk of its own, as on a machine of its own, and they know each other by
/// certificates and keys.
/// </remarks>
internal sealed class ProcessFleet : IAsyncDisposable
{
    public const string Alias = "assistant:prod";

    /// <summary>Where what the processes wrote is left, for whoever looks for a cause.</summary>
    private const string LogsVariable = "BACKSTOP_FLEET_LOGS";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-fleet-").FullName;
    private readonly ConcurrentDictionary<string, double> _brokenShare = new(StringComparer.Ordinal);
    private FleetNetwork? _network;
    private TestAuthority? _authority;
    private string _store = "";

    public PostgresServer Postgres { get; private set; } = null!;

    /// <summary>The disk of the store, when the fleet is apart.</summary>
    public SmallDisk? StoreDisk { get; private set; }

    public FleetNode[] Controls { get; private set; } = [];

    public FleetNode[] Gateways { get; private set; } = [];

    /// <summary>The model servers, by release.</summary>
    public IReadOnlyDictionary<string, FleetNode[]> Pools { get; private set; } = new Dictionary<string, FleetNode[]>();

    /// <summary>Whether each has a network and a disk of its own.</summary>
    public bool IsApart => _network is not null;

    /// <summary>Opens everything when the fleet is apart; null where none is needed.</summary>
    public string? Key { get; private set; }

    public IEnumerable<FleetNode> Everybody => [.. Controls, .. Gateways, .. Pools.Values.SelectMany(p => p)];

    /// <summary>Starts everything, with v7 and v8 alike and the alias on v7.</summary>
    /// <param name="certified">Whether they know each other by certificates though they are on one machine.</param>
    /// <param name="apart">Whether each gets a network and a disk of its own, where this machine allows that.</param>
    public static async Task<ProcessFleet> Start(int controls, int gateways, CancellationToken cancel, int replicas = 1, bool apart = false, bool certified = false)
    {
        var fleet = new ProcessFleet { _network = apart ? await FleetNetwork.TryStart() : null };
        try
        {
            if (fleet.IsApart && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(fleet._directory, File.GetUnixFileMode(fleet._directory) | UnixFileMode.OtherExecute); // PostgreSQL does not run as root.
            }

            fleet.StoreDisk = fleet.IsApart ? SmallDisk.TryMount(Path.Combine(fleet._directory, "store"), mebibytes: 400) : null;
            fleet.Postgres = await PostgresServer.Start(fleet._network?.Here, fleet.StoreDisk?.Path);
            fleet._store = await fleet.Postgres.NewUrl(fleet._network?.Here);
            if (fleet.IsApart || certified)
            {
                fleet._authority = new(fleet._directory, "fleet");
            }

            if (fleet.IsApart)
            {
                var (code, made, errors) = await Shelled.Run("key", "create", "chaos", "--scope", "admin", "--store", fleet._store, "--json");
                Assert.True(code == 0, errors);
                fleet.Key = (string)JsonNode.Parse(made)!["key"]!;
            }

            fleet.Controls = await All(controls, i => fleet.NewControl($"control-{i}"));
            fleet.Gateways = await All(gateways, i => fleet.NewGateway($"gateway-{i}"));
            await fleet.Controls[0].StartUntilItServes(cancel); // The first makes the schema; the others may not wait so long for each other on a busy machine.
            fleet.Pools = ((string[])["v7", "v8"]).ToDictionary(release => release, release => Enumerable.Range(1, replicas).Select(i => fleet.NewReplica(release, i)).ToArray());
            await Task.WhenAll(fleet.Controls[1..].Concat(fleet.Pools.Values.SelectMany(p => p)).Select(node => node.StartUntilItServes(cancel)));
            foreach (var (release, pool) in fleet.Pools)
            {
                var manifest = DemoManifest.Of(release, pool[0].Http);
                manifest["serving"]!["replicas"] = new JsonArray([.. pool.Select(p => JsonValue.Create(p.Http.GetLeftPart(UriPartial.Authority)))]);
                await fleet.Ask(c => c.RegisterRelease(release, manifest, cancel), cancel);
            }

            await fleet.Ask(c => c.CreateAlias(new(Alias, "v7"), cancel), cancel);
            await Task.WhenAll(fleet.Gateways.Select(g => g.StartUntilItServes(cancel)));
            await fleet.Until(c => c.Alias(Alias, cancel), alias => alias.Gateways.Count(g => g.Generation == alias.Generation) == gateways, cancel);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks whichever control plane answers.</summary>
    public async Task<Reply<T>> Ask<T>(Func<ControlClient, Task<Reply<T>>> ask, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        for (var turn = 0; ; turn++)
        {
            var node = Controls[turn % Controls.Length];
            using var client = new ControlClient(node.Http, Key);
            try
            {
                return await ask(client).WaitAsync(TimeSpan.FromSeconds(5), cancel);
            }
            catch (Exception e) when (e is TimeoutException or ControlException { Status: null or >= HttpStatusCode.InternalServerError })
            {
                Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"No control plane answers: {e.Message}");
                await Task.Delay(50, cancel);
            }
        }
    }

    /// <summary>Asks until the answer is right.</summary>
    public async Task<T> Until<T>(Func<ControlClient, Task<Reply<T>>> ask, Func<T, bool> isRight, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var answer = (await Ask(ask, cancel)).Body;
            if (isRight(answer))
            {
                return answer;
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"It did not come to be so: {answer}");
            await Task.Delay(50, cancel);
        }
    }

    /// <summary>Exposes v8 to half of the users, for as long as it is not worse.</summary>
    public async Task<string> Expose(CancellationToken cancel)
    {
        for (var began = Stopwatch.GetTimestamp(); ; await Allow("v8", cancel))
        {
            try
            {
                return (await Ask(c => c.StartRollout(
                    Alias,
                    new("v8")
                    {
                        Plan = JsonNode.Parse("""{ "steps": [{ "basis_points": 5000, "dwell_ms": 3600000, "min_units": 1000 }], "verify_window_ms": 500, "cool_down_ms": 0 }"""),
                        Evidence = JsonNode.Parse("""{ "min_history": 0 }""")!.AsObject(),
                    },
                    cancel), cancel)).Body.Id;
            }
            catch (ControlException e) when (e.Status is HttpStatusCode.Conflict)
            {
                // Who was asked first did it and died before it could say so, or stood still and did it when nobody expected it any more.
                if ((await Ask(c => c.Alias(Alias, cancel), cancel)).Body.Rollout is { } active)
                {
                    return active.Id;
                }

                // And perhaps that one is over already, and took its release back again.
                Assert.True(Stopwatch.GetElapsedTime(began) < Patience, e.Message);
            }
        }
    }

    /// <summary>Everything that the journal says of the alias.</summary>
    public async Task<IReadOnlyList<JournalEntry>> History(CancellationToken cancel)
    {
        const int page = 1000;
        var all = new List<JournalEntry>();
        do
        {
            all.AddRange((await Ask(c => c.History(Alias, cancel, after: all.Count == 0 ? 0 : all[^1].Sequence, page), cancel)).Body);
        }
        while (all.Count % page == 0);
        return all;
    }

    /// <summary>Lets a release that was taken back be tried again.</summary>
    public async Task Allow(string release, CancellationToken cancel)
    {
        try
        {
            await Ask(c => c.Approve(Alias, release, "once more", cancel), cancel);
        }
        catch (ControlException e) when (e.Status is HttpStatusCode.Conflict)
        {
            // It is allowed already.
        }
    }

    /// <summary>From now on this share of a release's answers is broken.</summary>
    public async Task Break(string release, double share, CancellationToken cancel)
    {
        _brokenShare[release] = share;
        await Task.WhenAll(Pools[release].Where(p => !p.HasExited).Select(p => Behave(p, share, cancel)));
    }

    /// <summary>The control plane that last said that it moved a rollout: its owner, unless that died since.</summary>
    public FleetNode OwnerOf(string rollout) => Controls.Where(c => c.LastMove(rollout) is not null).MaxBy(c => c.LastMove(rollout))!;

    /// <summary>A control plane on the same store whose certificate is of another authority.</summary>
    public FleetNode Stranger()
    {
        using var strangers = new TestAuthority(_directory, "strangers");
        return ControlAt("stranger", place: null, strangers);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Everybody)
        {
            await node.DisposeAsync();
        }

        if (Postgres is not null)
        {
            await Postgres.DisposeAsync();
        }

        StoreDisk?.Dispose();
        if (_network is not null)
        {
            await _network.DisposeAsync();
        }

        _authority?.Dispose();
        if (Environment.GetEnvironmentVariable(LogsVariable) is { } logs)
        {
            Directory.CreateDirectory(logs);
            Array.ForEach(Directory.GetFiles(_directory, "*.log"), log => File.Copy(log, Path.Combine(logs, Path.GetFileName(log)), overwrite: true));
        }

        LogFiles.HoldNoKey(_directory);
        Directory.Delete(_directory, recursive: true);
    }

    private static async Task<FleetNode[]> All(int count, Func<int, Task<FleetNode>> make)
    {
        var all = new List<FleetNode>();
        for (var i = 1; i <= count; i++)
        {
            all.Add(await make(i));
        }

        return [.. all];
    }

    private static async Task Behave(FleetNode replica, double share, CancellationToken cancel)
    {
        var from = DateTimeOffset.UtcNow;
        try
        {
            using var http = new HttpClient();
            using var answer = await http.PostAsJsonAsync(new Uri(replica.Http, "emulator/profile"), new { schema_fail_rate = share }, cancel);
            answer.EnsureSuccessStatusCode();
        }
        catch (HttpRequestException) when (replica.WasKilled(from, DateTimeOffset.UtcNow) || !replica.IsWanted)
        {
            // It was killed; its next life is told.
        }
    }

    private async Task<FleetNode> NewControl(string name) => ControlAt(name, await NewPlace(), _authority);

    private FleetNode ControlAt(string name, FleetNetwork.Place? place, TestAuthority? authority)
    {
        var data = Path.Combine(_directory, name);
        var (http, fleet) = (At(place, 8080), At(place, 8081));
        string[] apart = [.. place is null ? [] : (string[])["--cluster", $"{At(place, 8091)}"], .. Certificates(authority, name, place)];
        return new(name, http, Path.Combine(_directory, name + "-life"),
            ["serve", "--role", "control", "--store", _store, "--http", $"{http}", "--fleet", $"{fleet}", "--data", data, .. apart])
        {
            Fleet = fleet, Place = place, Disk = place is null ? null : SmallDisk.TryMount(data, mebibytes: 1),
        };
    }

    private async Task<FleetNode> NewGateway(string name)
    {
        var (place, data) = (await NewPlace(), Path.Combine(_directory, name));
        var http = At(place, 8080);
        return new(name, http, Path.Combine(_directory, name + "-life"),
            [
                "serve", "--role", "gateway", "--control", string.Join(',', Controls.Select(c => $"{(_authority is null ? "http" : "https")}://{c.Fleet}")), "--http", $"{http}",
                "--data", data, "--gateway-id", name, .. Certificates(_authority, name, place),
            ])
        {
            Readiness = "/readyz", Place = place, Disk = place is null ? null : SmallDisk.TryMount(data, mebibytes: 1),
        };
    }

    private FleetNode NewReplica(string release, int number)
    {
        var (name, at) = ($"{release}-{number}", ListenAddress.WithPort(new(_network?.Here ?? IPAddress.Loopback, 0)));
        FleetNode? replica = null;
        return replica = new(name, at, Path.Combine(_directory, name + "-life"),
            [
                "emulate", "--host", $"{at.Address}", "--port", $"{at.Port}", "--profile", "v7", "--name", release, "--toxic", "0", "--schema-fail", "0",
                "--attack-toxicity", "0", "--accuracy", "1", "--latency-median", "5", "--latency-p99", "20",
            ])
        {
            AfterStart = cancel => Behave(replica!, _brokenShare.GetValueOrDefault(release), cancel),
        };
    }

    private async Task<FleetNetwork.Place?> NewPlace() => _network is null ? null : await _network.Add();

    private static IPEndPoint At(FleetNetwork.Place? place, int port) => place is null ? ListenAddress.WithPort(new(IPAddress.Loopback, 0)) : new(place.Address, port);

    private static string[] Certificates(TestAuthority? authority, string name, FleetNetwork.Place? place)
    {
        if (authority is null)
        {
            return [];
        }

        var (certificate, key) = authority.Sign(name, place?.Address);
        return ["--fleet-certificate", certificate, "--fleet-key", key, "--fleet-ca", authority.File];
    }
}
