using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Backstop.Client;
using Backstop.Demo;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>A control plane, gateways and a pool of model servers, each a process of its own, to be killed one by one.</summary>
internal sealed class SplitBackstop : IAsyncDisposable
{
    public const string Alias = "assistant:prod";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-chaos-").FullName;
    private readonly IPEndPoint _controlHttp = Free();
    private readonly IPEndPoint _fleet = Free();
    private readonly ConcurrentBag<ChildProcess> _processes = [];
    private readonly ConcurrentDictionary<string, (ChildProcess Process, IPEndPoint Http)> _gateways = new(StringComparer.Ordinal);
    private ChildProcess _control = null!;

    private SplitBackstop() => Control = new(new Uri($"http://{_controlHttp}"));

    public ControlClient Control { get; }

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Starts everything, with these pools as replicas of <c>v7</c> and as many of <c>v8</c>, and the alias on v7.</summary>
    public static async Task<SplitBackstop> Start(params string[] gateways)
    {
        var split = new SplitBackstop();
        (string Release, IPEndPoint Pool)[] pools = [("v7", Free()), ("v8", Free())];
        await Task.WhenAll(
            [split.StartControl(), .. pools.Select(p => split.Run($"emulate-{p.Release}", ["emulate", "--port", $"{p.Pool.Port}", "--profile", "v7", "--toxic", "0", "--schema-fail", "0", "--attack-toxicity", "0"]))]);
        foreach (var (release, pool) in pools)
        {
            await split.Control.RegisterRelease(release, DemoManifest.Of(release, new Uri($"http://{pool}")), Cancel);
        }

        await split.Control.CreateAlias(new(Alias, "v7"), Cancel);
        await Task.WhenAll(gateways.Select(split.StartGateway));
        return split;
    }

    public string DataOf(string gateway) => Path.Combine(_directory, gateway);

    public Uri AddressOf(string gateway) => new($"http://{_gateways[gateway].Http}");

    public async Task StartControl() => _control = await Run(
        "control", ["serve", "--role", "control", "--http", $"{_controlHttp}", "--fleet", $"{_fleet}", "--data", Path.Combine(_directory, "control")]);

    public Task KillControl() => _control.Kill();

    /// <summary>Starts a gateway, again on its old address if it ran before, and waits until it is ready.</summary>
    public async Task StartGateway(string name)
    {
        var http = _gateways.TryGetValue(name, out var before) ? before.Http : Free();
        var process = await Run(name, ["serve", "--role", "gateway", "--control", $"http://{_fleet}", "--http", $"{http}", "--data", DataOf(name), "--gateway-id", name, "--drain-delay", "1"]);
        _gateways[name] = (process, http);
        await Until(async client => (await client.GetAsync(new Uri(AddressOf(name), "/readyz"), Cancel)).IsSuccessStatusCode);
    }

    public Task KillGateway(string name) => _gateways[name].Process.Kill();

    /// <summary>Asks a gateway to leave, as an orchestrator does.</summary>
    public void Terminate(string name)
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_gateways[name].Process.Id}"]);
        kill.WaitForExit();
    }

    public bool HasExited(string name) => _gateways[name].Process.HasExited;

    /// <summary>Asks a gateway one question.</summary>
    public async Task<(HttpStatusCode Status, string? Release)> Ask(HttpClient client, string gateway, int number)
    {
        using var response = await client.PostAsJsonAsync(
            new Uri(AddressOf(gateway), "/v1/chat/completions"),
            new { model = Alias, messages = new[] { new { role = "user", content = $"What is {number} plus one?" } } },
            Cancel);
        await response.Content.ReadAsByteArrayAsync(Cancel);
        return (response.StatusCode, response.Headers.TryGetValues("x-backstop-release", out var release) ? release.Single() : null);
    }

    /// <summary>Polls until it is so, or fails.</summary>
    public static async Task Until(Func<HttpClient, Task<bool>> isSo)
    {
        using var client = new HttpClient();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var began = Stopwatch.GetTimestamp(); !await isSo(client); await pace.WaitForNextTickAsync(Cancel))
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Deadline, "It did not come to be so.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        Control.Dispose();
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        LogFiles.HoldNoKey(_directory);
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<ChildProcess> Run(string name, string[] arguments)
    {
        var log = Path.Combine(_directory, $"{name}-{_processes.Count}.log");
        var process = await ChildProcess.Start(name, log, arguments, Cancel);
        _processes.Add(process);
        return process;
    }

    private static IPEndPoint Free() => ListenAddress.WithPort(new(IPAddress.Loopback, 0));
}
