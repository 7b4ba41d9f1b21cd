using System.Net;
using Backstop.Client;
using Backstop.Demo;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests;

/// <summary><c>backstop serve</c> and one pool of emulated model servers, as processes, with an alias that serves the pool.</summary>
public sealed class RunningBackstop : IAsyncLifetime
{
    public const string Alias = "assistant:prod";

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-test-").FullName;
    private readonly Uri _pool = new($"http://{Free()}");
    private readonly IPEndPoint _http = Free();
    private readonly IPEndPoint _fleet = Free();
    private ChildProcess? _emulator;
    private ChildProcess? _serve;

    internal ControlClient Control { get; private set; } = null!;

    internal string Data => Path.Combine(_directory, "data");

    public Uri Pool => _pool;

    public Uri Http => new($"http://{_http}");

    public async ValueTask InitializeAsync()
    {
        var cancel = TestContext.Current.CancellationToken;
        Control = new(Http);
        var serving = StartServe(cancel);
        _emulator = await ChildProcess.Start(
            "emulate", Path.Combine(_directory, "emulate.log"), ["emulate", "--port", $"{_pool.Port}", "--profile", "v7", "--toxic", "0", "--schema-fail", "0", "--attack-toxicity", "0"], cancel);
        await serving;
        await Control.RegisterRelease("v7", DemoManifest.Of("v7", _pool), cancel);
        await Control.RegisterRelease("v7-twin", DemoManifest.Of("v7-twin", _pool), cancel);
        await Control.CreateAlias(new(Alias, "v7"), cancel);
        await Ready(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        Control?.Dispose(); // Null when it never started.
        foreach (var process in (ChildProcess?[])[_serve, _emulator])
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        LogFiles.HoldNoKey(_directory);
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Starts serve on the same directory and ports, as an operator would after a crash.</summary>
    internal async Task StartServe(CancellationToken cancel) => _serve = await ChildProcess.Start(
        "serve",
        Path.Combine(_directory, "serve.log"),
        ["serve", "--http", $"{_http}", "--fleet", $"{_fleet}", "--data", Data],
        cancel);

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    internal Task KillServe() => _serve!.Kill();

    internal Task KillPool() => _emulator!.Kill();

    /// <summary>Waits until the gateway serves the alias.</summary>
    internal async Task Ready(CancellationToken cancel)
    {
        using var http = new HttpClient { BaseAddress = Http };
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var deadline = DateTime.UtcNow.AddSeconds(120); ; await pace.WaitForNextTickAsync(cancel))
        {
            if ((await http.GetStringAsync("v1/models", cancel)).Contains(Alias, StringComparison.Ordinal))
            {
                return;
            }

            Assert.True(DateTime.UtcNow < deadline, "The gateway never heard of the alias.");
        }
    }

    /// <summary>Waits until the gateway serves what the alias says, and returns that.</summary>
    internal async Task<AliasView> Converged(CancellationToken cancel)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var deadline = DateTime.UtcNow.AddSeconds(120); ; await pace.WaitForNextTickAsync(cancel))
        {
            var alias = (await Control.Alias(Alias, cancel)).Body;
            if (alias.Gateways.Any(gateway => gateway.Generation == alias.Generation))
            {
                return alias;
            }

            Assert.True(DateTime.UtcNow < deadline, $"The gateway never came to {alias}.");
        }
    }

    private static IPEndPoint Free() => ListenAddress.WithPort(new(IPAddress.Loopback, 0));
}
