using System.Diagnostics;
using System.Globalization;
using System.Net;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>A process of a fleet that is killed, stopped and started again at the same address on the same directory.</summary>
/// <param name="name">What people call it.</param>
/// <param name="http">Where it is called.</param>
/// <param name="log">Where its lives write, each to a file of its own.</param>
/// <param name="arguments">Its command line.</param>
internal sealed class FleetNode(string name, IPEndPoint http, string log, string[] arguments) : IAsyncDisposable
{
    private readonly List<ChildProcess> _lives = [];
    private readonly List<(Cause Cause, DateTimeOffset From, DateTimeOffset? Until)> _downs = [];
    private readonly List<DateTimeOffset> _kills = [];
    private int _killed;

    // Each ends by itself: one that is joined to its network again may not have started again yet.
    private enum Cause
    {
        Dead,
        Stopped,
        CutOff,
    }

    public string Name => name;

    public Uri Http => new($"http://{http}");

    /// <summary>Where gateways follow it, when it is a control plane.</summary>
    public IPEndPoint? Fleet { get; init; }

    /// <summary>What says by HTTP that it serves; null when its first line does.</summary>
    public string? Readiness { get; init; }

    /// <summary>The network that is its own, if it has one.</summary>
    public FleetNetwork.Place? Place { get; init; }

    /// <summary>The disk of its data directory, if that is its own.</summary>
    public SmallDisk? Disk { get; init; }

    /// <summary>What has to be done to a new life of it.</summary>
    public Func<CancellationToken, Task>? AfterStart { get; init; }

    public bool HasExited => _lives is [] || _lives[^1].HasExited;

    /// <summary>Whether it is not to be dead now.</summary>
    public bool IsWanted { get; set; } = true;

    /// <summary>Whether it is dead, stopped or cut off now.</summary>
    public bool IsDown => WasDown(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);

    /// <summary>How often it ended though nobody killed it.</summary>
    public int Suicides { get; private set; }

    /// <summary>Starts it and waits until it serves, or is killed.</summary>
    public async Task Start(CancellationToken cancel)
    {
        IsWanted = true;
        _lives.Add(await ChildProcess.Start(name, LogOf(_lives.Count), arguments, cancel, Place?.Through));
        var life = _lives.Count;
        if (AfterStart is { } then)
        {
            await then(cancel);
        }

        using var client = new HttpClient();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (Readiness is not null && !HasExited && !await IsReady(client, cancel))
        {
            await pace.WaitForNextTickAsync(cancel);
        }

        lock (_downs)
        {
            if (_killed < life)
            {
                Up(Cause.Dead);
            }
        }
    }

    /// <summary>Starts it as the system's service would: as often as it takes. A control plane that nobody answers in time, on a busy machine, ends.</summary>
    public async Task StartUntilItServes(CancellationToken cancel)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            try
            {
                await Start(cancel);
                return;
            }
            catch (IOException) when (TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(2))
            {
                // The next try.
            }
        }
    }

    /// <summary>Waits until nothing is wrong with it any more.</summary>
    public async Task IsUp(CancellationToken cancel)
    {
        while (IsDown)
        {
            await Task.Delay(50, cancel);
        }
    }

    /// <summary>Starts it again whenever it is dead and wanted, as the system's service would; until cancelled.</summary>
    public async Task Keep(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            if (IsWanted && HasExited)
            {
                Suicides += Down(Cause.Dead) ? 1 : 0;
                try
                {
                    await Start(cancel);
                }
                catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
                {
                    // Its store is away, or it was killed again: the next try.
                }
            }

            await Task.Delay(100, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>SIGKILL.</summary>
    public async Task Kill()
    {
        IsWanted = false;
        lock (_downs)
        {
            Down(Cause.Dead);
            _kills.Add(DateTimeOffset.UtcNow);
            _killed = _lives.Count;
        }

        if (!HasExited)
        {
            await _lives[^1].Kill();
        }
    }

    /// <summary>SIGTERM, and waits until it has ended.</summary>
    public async Task Stop()
    {
        IsWanted = false;
        Down(Cause.Dead);
        Signal("TERM");
        while (!HasExited)
        {
            await Task.Delay(50);
        }
    }

    /// <summary>SIGSTOP: it neither works nor ends.</summary>
    public void Pause()
    {
        Down(Cause.Stopped);
        Signal("STOP");
    }

    /// <summary>SIGCONT.</summary>
    public void Resume()
    {
        Signal("CONT");
        Up(Cause.Stopped);
    }

    /// <summary>Nobody reaches it.</summary>
    public Task Cut()
    {
        Down(Cause.CutOff);
        return Place!.Cut();
    }

    public async Task Join()
    {
        await Place!.Join();
        Up(Cause.CutOff);
    }

    /// <summary>Whether it was down at any time in between.</summary>
    public bool WasDown(DateTimeOffset from, DateTimeOffset until)
    {
        lock (_downs)
        {
            return _downs.Any(d => d.From <= until && (d.Until ?? DateTimeOffset.MaxValue) >= from);
        }
    }

    /// <summary>Whether it was killed in between, and not only stopped for a while.</summary>
    public bool WasKilled(DateTimeOffset from, DateTimeOffset until)
    {
        lock (_downs)
        {
            return _kills.Any(at => at >= from && at <= until);
        }
    }

    /// <summary>When it last wrote that it moved a rollout, or null.</summary>
    public string? LastMove(string rollout) => Lines(_lives.Count - 1).LastOrDefault(line => line.Contains($"Rollout {rollout} ", StringComparison.Ordinal))?[..12];

    /// <summary>What it wrote that holds a word, all its lives together.</summary>
    public IEnumerable<string> Wrote(string word) => WroteInEachLife(word).SelectMany(lines => lines);

    /// <summary>What it wrote that holds a word, for each of its lives.</summary>
    public IEnumerable<IEnumerable<string>> WroteInEachLife(string word) =>
        Enumerable.Range(0, _lives.Count).Select(life => Lines(life).Where(line => line.Contains(word, StringComparison.Ordinal)));

    public async ValueTask DisposeAsync()
    {
        foreach (var life in _lives)
        {
            await life.DisposeAsync();
        }

        Disk?.Dispose();
    }

    private string LogOf(int life) => string.Create(CultureInfo.InvariantCulture, $"{log}-{life}.log");

    private IEnumerable<string> Lines(int life)
    {
        using var reader = new StreamReader(new FileStream(LogOf(life), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    /// <summary>Returns whether that is news.</summary>
    private bool Down(Cause cause)
    {
        lock (_downs)
        {
            var isNews = !_downs.Exists(d => d.Cause == cause && d.Until is null);
            if (isNews)
            {
                _downs.Add((cause, DateTimeOffset.UtcNow, null));
            }

            return isNews;
        }
    }

    private void Up(Cause cause)
    {
        lock (_downs)
        {
            if (_downs.FindIndex(d => d.Cause == cause && d.Until is null) is >= 0 and var at)
            {
                _downs[at] = _downs[at] with { Until = DateTimeOffset.UtcNow };
            }
        }
    }

    private async Task<bool> IsReady(HttpClient client, CancellationToken cancel)
    {
        try
        {
            using var ready = await client.GetAsync(new Uri(Http, Readiness), cancel);
            return ready.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Signal(string signal)
    {
        if (HasExited)
        {
            return;
        }

        using var kill = Process.Start("kill", [$"-{signal}", $"{_lives[^1].Id}"]);
        kill.WaitForExit();
    }
}
