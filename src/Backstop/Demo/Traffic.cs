using System.Collections.Concurrent;
using System.Text.Json;
using Backstop.CommandLine;
using Backstop.Emulation;

namespace Backstop.Demo;

/// <summary>Many users at once: asks at a steady rate whatever the answers do, scores what can be checked, keeps what everybody received.</summary>
/// <remarks>
/// An open loop: users do not wait for each other, so a slow system meets the same number of requests and the queue shows
/// (Schroeder, Wierman &amp; Harchol-Balter, "Open versus closed", NSDI 2006). Arrivals are a seeded Poisson process.
/// </remarks>
internal sealed class Traffic : IAsyncDisposable
{
    /// <summary>Every request of a user carries it; gates, probes and warm-ups do not.</summary>
    public const string IdPrefix = "user-";

    /// <summary>More than this at once means that the system stopped answering; further users are turned away and counted.</summary>
    private const int MostAtOnce = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly double _rate;
    private readonly Func<int, CancellationToken, Task<Receipt>> _serve;
    private readonly Dice _arrivals;
    private readonly ConcurrentQueue<Receipt> _receipts = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private int _underWay;
    private int _sent;
    private int _turnedAway;

    private Traffic(double rate, int seed, Func<int, CancellationToken, Task<Receipt>> serve)
    {
        _rate = rate;
        _serve = serve;
        _arrivals = Dice.For(seed, 0);
        _loop = Task.Run(Send);
    }

    /// <summary>What users received so far.</summary>
    public IReadOnlyCollection<Receipt> Receipts => _receipts;

    /// <summary>Requests sent.</summary>
    public int Sent => _sent;

    /// <summary>Requests that were not sent because too many were waiting.</summary>
    public int TurnedAway => _turnedAway;

    /// <summary>Starts asking.</summary>
    /// <param name="rate">Requests per second.</param>
    /// <param name="seed">Decides the arrivals.</param>
    /// <param name="serve">Serves the user of this number, within a patience.</param>
    public static Traffic Start(double rate, int seed, Func<int, CancellationToken, Task<Receipt>> serve) => new(rate, seed, serve);

    /// <summary>Stops asking and waits for the answers under way.</summary>
    public async Task Stop()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    /// <summary>Writes what users received, one line each.</summary>
    public void Save(string path)
    {
        var line = new JsonSerializerOptions(JsonOutput.Options) { WriteIndented = false };
        File.WriteAllLines(path, _receipts.Select(r => JsonSerializer.Serialize(r, line)));
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _stop.Dispose();
    }

    private async Task Send()
    {
        var waiting = new List<Task>();
        using var clock = new PeriodicTimer(TimeSpan.FromMilliseconds(4));
        var due = TimeProvider.System.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            for (; due <= TimeProvider.System.GetTimestamp(); due += NextGap())
            {
                waiting.Add(One(++_sent));
            }

            waiting.RemoveAll(t => t.IsCompletedSuccessfully);
            await clock.WaitForNextTickAsync();
        }

        await Task.WhenAll(waiting);
    }

    private long NextGap() => (long)(-Math.Log(1 - _arrivals.NextDouble()) / _rate * TimeProvider.System.TimestampFrequency);

    private async Task One(int number)
    {
        if (Interlocked.Increment(ref _underWay) > MostAtOnce)
        {
            Interlocked.Increment(ref _turnedAway);
            Interlocked.Decrement(ref _underWay);
            return;
        }

        try
        {
            using var patience = new CancellationTokenSource(Patience);
            _receipts.Enqueue(await _serve(number, patience.Token));
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref _turnedAway);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }
}
