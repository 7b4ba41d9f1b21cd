using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Control.Tests.Harness;
using Backstop.Demo;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>Control planes on one PostgreSQL, gateways that follow them, and a model server for each of two releases: each a process of its own.</summary>
internal sealed class ProcessFleet : IAsyncDisposable
{
    public const string Alias = "assistant:prod";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-fleet-").FullName;
    private readonly List<ChildProcess> _pools = [];
    private readonly Dictionary<string, Uri> _poolOf = [];
    private string _store = "";

    public PostgresServer Postgres { get; private set; } = null!;

    public FleetNode[] Controls { get; private set; } = [];

    public FleetNode[] Gateways { get; private set; } = [];

    /// <summary>Starts everything, with v7 and v8 alike and the alias on v7.</summary>
    public static async Task<ProcessFleet> Start(int controls, int gateways, CancellationToken cancel)
    {
        var fleet = new ProcessFleet { Postgres = await PostgresServer.Start() };
        try
        {
            fleet._store = await fleet.Postgres.NewUrl();
            fleet.Controls = [.. Enumerable.Range(1, controls).Select(i => fleet.NewControl($"control-{i}"))];
            fleet.Gateways = [.. Enumerable.Range(1, gateways).Select(i => fleet.NewGateway($"gateway-{i}"))];
            await fleet.Controls[0].Start(cancel); // The first makes the schema; the others may not wait so long for each other on a busy machine.
            await Task.WhenAll(fleet.Controls[1..].Select(c => c.Start(cancel)));
            foreach (var release in (string[])["v7", "v8"])
            {
                var pool = ListenAddress.WithPort(new(IPAddress.Loopback, 0));
                fleet._poolOf[release] = new($"http://{pool}");
                fleet._pools.Add(await ChildProcess.Start(
                    release,
                    Path.Combine(fleet._directory, $"{release}.log"),
                    ["emulate", "--port", $"{pool.Port}", "--profile", "v7", "--name", release, "--toxic", "0", "--schema-fail", "0", "--attack-toxicity", "0", "--accuracy", "1", "--latency-median", "5", "--latency-p99", "20"],
                    cancel));
                await fleet.Ask(c => c.RegisterRelease(release, DemoManifest.Of(release, fleet._poolOf[release]), cancel), cancel);
            }

            await fleet.Ask(c => c.CreateAlias(new(Alias, "v7"), cancel), cancel);
            await Task.WhenAll(fleet.Gateways.Select(g => g.Start(cancel)));
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
            using var client = new ControlClient(node.Http);
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
            // Who was asked first did it and died before it could say so.
            var active = (await Ask(c => c.Alias(Alias, cancel), cancel)).Body.Rollout;
            Assert.True(active is { IsOver: false }, e.Message);
            return active.Id;
        }
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
        using var http = new HttpClient();
        using var answer = await http.PostAsJsonAsync(new Uri(_poolOf[release], "emulator/profile"), new { schema_fail_rate = share }, cancel);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>The control plane that last said that it moved a rollout: its owner, unless that died since.</summary>
    public FleetNode OwnerOf(string rollout) => Controls.Where(c => c.LastMove(rollout) is not null).MaxBy(c => c.LastMove(rollout))!;

    public async ValueTask DisposeAsync()
    {
        foreach (var node in (FleetNode[])[.. Gateways, .. Controls])
        {
            await node.DisposeAsync();
        }

        foreach (var pool in _pools)
        {
            await pool.DisposeAsync();
        }

        await Postgres.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private FleetNode NewControl(string name)
    {
        var (http, fleet) = (ListenAddress.WithPort(new(IPAddress.Loopback, 0)), ListenAddress.WithPort(new(IPAddress.Loopback, 0)));
        return new(name, http, fleet, Path.Combine(_directory, $"{name}.log"),
            ["serve", "--role", "control", "--store", _store, "--http", $"{http}", "--fleet", $"{fleet}", "--data", Path.Combine(_directory, name)]);
    }

    private FleetNode NewGateway(string name)
    {
        var http = ListenAddress.WithPort(new(IPAddress.Loopback, 0));
        return new(name, http, fleet: null, Path.Combine(_directory, $"{name}.log"),
            [
                "serve", "--role", "gateway", "--control", string.Join(',', Controls.Select(c => $"http://{c.Fleet}")), "--http", $"{http}",
                "--data", Path.Combine(_directory, name), "--gateway-id", name,
            ]);
    }
}
