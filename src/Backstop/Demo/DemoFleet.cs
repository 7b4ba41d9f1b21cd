using System.Net;
using Backstop.Client;
using Backstop.Hosting;

namespace Backstop.Demo;

/// <summary>The real thing, small: two pools of model servers and <c>backstop serve</c>, each a process of its own.</summary>
internal sealed class DemoFleet : IAsyncDisposable
{
    private readonly List<ChildProcess> _processes = [];
    private bool _keep;

    private DemoFleet(bool keep)
    {
        _keep = keep;
        Directory = System.IO.Directory.CreateTempSubdirectory("backstop-demo-").FullName;
        Http = new($"http://{FreeAddress()}");
        Good = new("v7", new($"http://{FreeAddress()}"), Path.Combine(Directory, "v7-truth.jsonl"));
        Bad = new("v8", new($"http://{FreeAddress()}"), Path.Combine(Directory, "v8-truth.jsonl"));
        Client = new(Http);
    }

    /// <summary>Holds the store and every log.</summary>
    public string Directory { get; }

    /// <summary>Where applications and operators call.</summary>
    public Uri Http { get; }

    /// <summary>The pool of the release that is current at first.</summary>
    public Pool Good { get; }

    /// <summary>The pool of the release that is promoted.</summary>
    public Pool Bad { get; }

    public ControlClient Client { get; }

    public static async Task<DemoFleet> Start(DemoOptions options, CancellationToken cancel)
    {
        var fleet = new DemoFleet(options.Keep);
        try
        {
            var second = options is { Story: DemoStory.BadRelease, Fault: null } ? "v8" : "v7";
            await Task.WhenAll(
                fleet.StartPool(fleet.Good, "v7", options.Seed, cancel),
                fleet.StartPool(fleet.Bad, second, options.Seed + 1, cancel),
                fleet.StartServe(cancel));
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Leaves store and logs on disk.</summary>
    public void Keep() => _keep = true;

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        if (!_keep)
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }

    private static IPEndPoint FreeAddress() => ListenAddress.WithPort(new(IPAddress.Loopback, 0));

    private Task StartPool(Pool pool, string profile, int seed, CancellationToken cancel) => Start(
        $"model server {pool.Release}",
        ["emulate", "--port", $"{pool.Address.Port}", "--profile", profile, "--name", pool.Release, "--seed", $"{seed}", "--truth", pool.Answers],
        cancel);

    private Task StartServe(CancellationToken cancel) => Start(
        "serve",
        ["serve", "--http", Http.Authority, "--fleet", $"{FreeAddress()}", "--data", Path.Combine(Directory, "data")],
        cancel);

    private async Task Start(string name, string[] arguments, CancellationToken cancel)
    {
        var log = Path.Combine(Directory, name.Replace(' ', '-') + ".log");
        var process = await ChildProcess.Start(name, log, arguments, cancel);
        lock (_processes)
        {
            _processes.Add(process);
        }
    }
}

/// <summary>The model servers of one release.</summary>
/// <param name="Answers">Where they record what each answer really was.</param>
internal sealed record Pool(string Release, Uri Address, string Answers);
