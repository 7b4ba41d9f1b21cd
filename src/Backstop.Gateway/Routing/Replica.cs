using System.Collections.Concurrent;
using Backstop.Core.Registry;
using Backstop.Gateway.Dialects;

namespace Backstop.Gateway.Routing;

/// <summary>One model server: how many requests it is answering for this gateway, and whether it answers at all.</summary>
/// <remarks>
/// After <see cref="MostFailures"/> failures in a row it is left alone, first for a second and twice as long each time, up
/// to <see cref="LongestRest"/>; then one more failure is enough. Only what this gateway saw counts, so it needs no probes
/// and no agreement with others, and a replica that hangs costs a few requests and not every second one.
/// </remarks>
public sealed class Replica(Serving serving, Uri address, TimeProvider time)
{
    /// <summary>Failures in a row after which a replica is left alone.</summary>
    public const int MostFailures = 3;

    /// <summary>Longest time it is left alone before it is tried again.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<Dialect, Uri> _addresses = new();
    private int _load;
    private int _failures;
    private TimeSpan _rest = FirstRest;
    private (long Since, TimeSpan For)? _resting;

    public Uri Address { get; } = address;

    /// <summary>Where it is asked in a dialect.</summary>
    public Uri AddressFor(Dialect dialect) =>
        _addresses.GetOrAdd(dialect, static (asked, self) => asked.AddressOf(self.Serving, self.Address), (Serving: serving, Address));

    public int Load => Volatile.Read(ref _load);

    /// <summary>Whether it failed so often lately that others should be asked.</summary>
    public bool IsResting
    {
        get
        {
            lock (_lock)
            {
                return _resting is var (since, rest) && time.GetElapsedTime(since) < rest;
            }
        }
    }

    public void Enter() => Interlocked.Increment(ref _load);

    public void Leave() => Interlocked.Decrement(ref _load);

    /// <summary>It answered as a model server should, whatever the answer said.</summary>
    public void Succeeded()
    {
        lock (_lock)
        {
            (_failures, _rest, _resting) = (0, FirstRest, null);
        }
    }

    /// <summary>It could not be reached, answered too late, broke off, or said that it failed.</summary>
    public void Failed()
    {
        lock (_lock)
        {
            if (++_failures < MostFailures || IsResting)
            {
                return; // While it rests, these are requests that were under way before.
            }

            _resting = (time.GetTimestamp(), _rest);
            _rest = _rest * 2 < LongestRest ? _rest * 2 : LongestRest;
        }
    }
}
