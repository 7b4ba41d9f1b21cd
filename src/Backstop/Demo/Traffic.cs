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

    private const double AttackShare = 0.05;

    private const double StreamShare = 0.2;

    /// <summary>More than this at once means that the system stopped answering; further users are turned away and counted.</summary>
    private const int MostAtOnce = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly ChatCaller _caller;
    private readonly double _rate;
    private readonly int _seed;
    private readonly Dice _arrivals;
    private readonly ConcurrentQueue<Receipt> _receipts = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private int _underWay;
    private int _sent;
    private int _turnedAway;

    private Traffic(Uri gateway, string alias, double rate, int seed)
    {
        _http = new() { BaseAddress = gateway, Timeout = Patience };
        _caller = new(_http, alias);
        _rate = rate;
        _seed = seed;
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
    /// <param name="gateway">Where.</param>
    /// <param name="alias">Whom.</param>
    /// <param name="rate">Requests per second.</param>
    /// <param name="seed">Decides questions and arrivals.</param>
    public static Traffic Start(Uri gateway, string alias, double rate, int seed) => new(gateway, alias, rate, seed);

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
        _http.Dispose();
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
            var dice = Dice.For(_seed, number);
            var question = Questions.Next(dice);
            var attack = dice.Chance(AttackShare);
            var prompt = attack ? AttackPrompts.Compose(dice, question.Text) : question.Text;
            using var patience = new CancellationTokenSource(Patience);
            var id = $"{IdPrefix}{number}";
            var sentAt = DateTimeOffset.UtcNow;
            var answer = await _caller.Ask(id, prompt, stream: dice.Chance(StreamShare), patience.Token);
            var correct = answer is { Status: 200, Filtered: false } ? question.IsAnsweredBy(answer.Text) : (bool?)null;
            _receipts.Enqueue(new(id, sentAt, answer.Status, answer.Release, answer.Text, answer.Filtered, attack, correct, answer.Latency));
            if (correct is { } known)
            {
                await _caller.Score(id, known, question.Answer, patience.Token);
            }
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
