using System.Collections.Immutable;
using Backstop.Core;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Upstreams;

namespace Backstop.Gateway.Routing;

/// <summary>One model server: how many requests it is answering for this gateway, and whether it answers at all.</summary>
/// <remarks>
/// After <see cref="MostFailures"/> failures in a row, or when it fails far more often than the other replicas of its
/// release, it is left alone: first for a second and twice as long each time, up to <see cref="LongestRest"/>; then one more
/// failure is enough. Only what this gateway saw counts, so it needs no agreement with others. Where the release has a
/// health check, a replica that misses it is left alone too, until it answers it again.
/// </remarks>
/// <param name="number">The number it is counted under, see <see cref="Core.Evidence.ReplicaTest.NumberOf"/>; 0 where it is its release's only one.</param>
public sealed class Replica(Serving serving, Uri address, TimeProvider time, int number = 0)
{
    /// <summary>Failures in a row after which a replica is left alone.</summary>
    public const int MostFailures = 3;

    /// <summary>Longest time it is left alone before it is tried again.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(30);

    // With the lock that was made just after it.
    private const int Lines = 3;

    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly int _most = serving.Concurrent ?? int.MaxValue;
    private Destination? _usual; // Nearly every replica is asked in one dialect.
    private Destination[] _others = [];
    private int _load;
    private bool _isDrained;
    private int _failures;
    private int _missedChecks;
    private RecentFailures _recent;
    private TimeSpan _rest = FirstRest;
    private (long Since, TimeSpan For)? _resting;
    private volatile bool _troubled;

    public Uri Address { get; } = address;

    public int Number => number;

    /// <summary>The replicas of its release, itself among them: what is usual among them says who stands out.</summary>
    internal IReadOnlyList<Replica> Peers { get; set; } = [];

    /// <summary>Where it is asked in a dialect.</summary>
    /// <param name="pool">Its release, with what every request to it carries.</param>
    public Destination DestinationFor(Dialect dialect, ReleasePool pool)
    {
        if (Volatile.Read(ref _usual) is { } usual && usual.Dialect == dialect)
        {
            return usual;
        }

        foreach (var known in Volatile.Read(ref _others))
        {
            if (known.Dialect == dialect)
            {
                return known;
            }
        }

        var destination = new Destination(HttpMethod.Post.Method, dialect.AddressOf(serving, Address), pool.Headers, pool.Trust) { Dialect = dialect };
        lock (_lock)
        {
            // Of two that are noted at one moment either will do.
            if (_usual is null)
            {
                Volatile.Write(ref _usual, destination);
            }
            else
            {
                Volatile.Write(ref _others, [.. _others, destination]);
            }
        }

        return destination;
    }

    /// <inheritdoc cref="ServedAlias.FetchNext"/>
    internal void FetchNext()
    {
        CacheLines.Fetch(this, Lines);
        CacheLines.Fetch(_usual);
    }

    public int Load => Volatile.Read(ref _load);

    /// <summary>Whether it failed so often lately, or is so ill, that others should be asked.</summary>
    public bool IsResting
    {
        get
        {
            // Read for every request and seldom true: no lock for a replica that is well.
            if (!_troubled)
            {
                return false;
            }

            lock (_lock)
            {
                var resting = IsIll || (_resting is var (since, rest) && time.GetElapsedTime(since) < rest);
                _troubled = resting;
                return resting;
            }
        }
    }

    private bool IsIll => serving.Health is { } check && _missedChecks >= check.Failures;

    /// <summary>Whether somebody drained it: it gets no request, also when no other is left.</summary>
    public bool IsDrained { get => Volatile.Read(ref _isDrained); set => Volatile.Write(ref _isDrained, value); }

    /// <summary>Whether it has as many requests under way as its release says it can bear.</summary>
    public bool IsFull => Load >= _most;

    /// <summary>Takes a request; false when it has as many as it can bear.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _load) <= _most)
        {
            return true;
        }

        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _load);

    /// <summary>It answered as a model server should, whatever the answer said.</summary>
    public void Succeeded()
    {
        lock (_lock)
        {
            _recent = _recent.After(failed: false, time.GetTimestamp(), time.TimestampFrequency);
            (_failures, _rest, _resting) = (0, FirstRest, null);
        }
    }

    /// <summary>It could not be reached, answered too late, broke off, or said that it failed.</summary>
    public void Failed()
    {
        var others = OthersFailures();
        lock (_lock)
        {
            _recent = _recent.After(failed: true, time.GetTimestamp(), time.TimestampFrequency);
            var inARow = ++_failures >= MostFailures;
            if ((!inARow && !_recent.StandsOut(others)) || IsResting)
            {
                return; // While it rests, these are requests that were under way before.
            }

            // What it did before it rested has been paid for.
            (_recent, _resting, _troubled) = (default, (time.GetTimestamp(), _rest), true);
            _rest = _rest * 2 < LongestRest ? _rest * 2 : LongestRest;
        }
    }

    /// <summary>It answered its health check, or did not. Returns whether that changed what is thought of it.</summary>
    public bool Checked(bool well)
    {
        lock (_lock)
        {
            var before = IsIll;
            _missedChecks = well ? 0 : _missedChecks + 1;
            _troubled |= IsIll;
            return before != IsIll;
        }
    }

    // Counted before the own lock is taken: two locks at once, in two orders, would be a deadlock.
    private RecentFailures OthersFailures()
    {
        var sum = default(RecentFailures);
        foreach (var peer in Peers)
        {
            if (peer != this)
            {
                lock (peer._lock)
                {
                    sum = sum.With(peer._recent);
                }
            }
        }

        return sum;
    }
}
