using System.Net;
using Backstop.Client;
using Backstop.Demo;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests.Linearizability;

/// <summary><c>backstop serve --role control</c> as a process that is killed and started again at the same address on the same store.</summary>
/// <param name="store">The connection string of a database, or null for SQLite.</param>
internal sealed class KillableServer(string? store) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-kill-").FullName;
    private readonly IPEndPoint _http = ListenAddress.WithPort(new(IPAddress.Loopback, 0));
    private readonly IPEndPoint _fleet = ListenAddress.WithPort(new(IPAddress.Loopback, 0));
    private ChildProcess? _serve;

    public Uri Http => new($"http://{_http}");

    public async Task Start(CancellationToken cancel)
    {
        string[] where = store is null ? [] : ["--store", store];
        _serve = await ChildProcess.Start(
            "serve",
            Path.Combine(_directory, "serve.log"),
            ["serve", "--role", "control", "--http", $"{_http}", "--fleet", $"{_fleet}", "--data", Path.Combine(_directory, "data"), .. where],
            cancel);
    }

    /// <summary>SIGKILL, and the same again.</summary>
    public async Task KillAndStart(CancellationToken cancel)
    {
        await _serve!.Kill();
        await _serve.DisposeAsync();
        await Start(cancel);
    }

    public async Task Register(string[] releases, CancellationToken cancel)
    {
        using var client = new ControlClient(Http);
        foreach (var release in releases)
        {
            await client.RegisterRelease(release, DemoManifest.Of(release, new("http://127.0.0.1:9")), cancel);
        }
    }

    /// <summary>Asks until there is an answer: whoever died is still coming back.</summary>
    public async Task<Step> Answering(Func<Task<Step>> ask)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var deadline = TimeProvider.System.GetUtcNow() + Patience; ; await pace.WaitForNextTickAsync())
        {
            var step = await ask();
            if (!step.IsUnknown)
            {
                return step;
            }

            Assert.True(TimeProvider.System.GetUtcNow() < deadline, $"{Http} did not come back.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_serve is not null)
        {
            await _serve.DisposeAsync();
        }

        LogFiles.HoldNoKey(_directory);
        Directory.Delete(_directory, recursive: true);
    }
}
