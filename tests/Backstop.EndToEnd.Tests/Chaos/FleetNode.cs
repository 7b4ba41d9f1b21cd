using System.Diagnostics;
using System.Globalization;
using System.Net;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>A control plane or a gateway that is killed, stopped and started again at the same address on the same directory.</summary>
internal sealed class FleetNode(string name, IPEndPoint http, IPEndPoint? fleet, string log, string[] arguments) : IAsyncDisposable
{
    private readonly List<ChildProcess> _lives = [];
    private readonly List<(DateTimeOffset From, DateTimeOffset? Until)> _downs = [];

    public string Name => name;

    public Uri Http => new($"http://{http}");

    public IPEndPoint Fleet => fleet!;

    public bool HasExited => _lives[^1].HasExited;

    /// <summary>Starts it and waits until it serves.</summary>
    public async Task Start(CancellationToken cancel)
    {
        _lives.Add(await ChildProcess.Start(name, LogOf(_lives.Count), arguments, cancel));
        using var client = new HttpClient();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (fleet is null && !await IsReady(client, cancel))
        {
            await pace.WaitForNextTickAsync(cancel);
        }

        Up();
    }

    /// <summary>SIGKILL.</summary>
    public async Task Kill()
    {
        _downs.Add((DateTimeOffset.UtcNow, null));
        await _lives[^1].Kill();
    }

    /// <summary>SIGSTOP: it neither works nor ends.</summary>
    public void Pause()
    {
        _downs.Add((DateTimeOffset.UtcNow, null));
        Signal("STOP");
    }

    /// <summary>SIGCONT.</summary>
    public void Resume()
    {
        Signal("CONT");
        Up();
    }

    /// <summary>Whether it was down at any time in between.</summary>
    public bool WasDown(DateTimeOffset from, DateTimeOffset until) => _downs.Any(d => d.From <= until && (d.Until ?? DateTimeOffset.MaxValue) >= from);

    /// <summary>When it last wrote that it moved a rollout, or null.</summary>
    public string? LastMove(string rollout)
    {
        using var reader = new StreamReader(new FileStream(LogOf(_lives.Count - 1), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        string? last = null;
        while (reader.ReadLine() is { } line)
        {
            last = line.Contains($"Rollout {rollout} ", StringComparison.Ordinal) ? line[..12] : last;
        }

        return last;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var life in _lives)
        {
            await life.DisposeAsync();
        }
    }

    private string LogOf(int life) => $"{log}.{life.ToString(CultureInfo.InvariantCulture)}";

    private void Up()
    {
        if (_downs is [.., { Until: null } last])
        {
            _downs[^1] = (last.From, DateTimeOffset.UtcNow);
        }
    }

    private async Task<bool> IsReady(HttpClient client, CancellationToken cancel)
    {
        try
        {
            using var ready = await client.GetAsync(new Uri(Http, "/readyz"), cancel);
            return ready.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_lives[^1].Id}"]);
        kill.WaitForExit();
    }
}
