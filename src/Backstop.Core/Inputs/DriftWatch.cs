using System.Collections.Immutable;
using System.Globalization;

namespace Backstop.Core.Inputs;

/// <summary>Finds slow and small changes of what requests bring with them, among many features, with few false alarms in all.</summary>
/// <remarks>
/// <see cref="Incidents.InputWatch"/> finds within seconds what changes much, and lets what is usual wander with the days. This one compares every
/// minute with one reference that stays, so a drift over weeks adds up. Shares of nulls and the values that are none are apart. The
/// threshold grows with the number of streams, so that all of them together give a false alarm no more often than
/// <see cref="FalseAlarmsPerMonth"/> says, whatever depends on what. A drift opens an incident; it never rolls back by itself: one arm
/// cannot tell a bad release from a changed world.
/// </remarks>
public sealed class DriftWatch
{
    /// <summary>False alarms that an alias may expect in thirty days, of all its streams together.</summary>
    public const double FalseAlarmsPerMonth = 0.1;

    private const int MostStreams = 128;
    private const double MinutesPerMonth = 30 * 24 * 60;

    private static readonly ImmutableArray<InputSignal> Watched =
        [InputSignal.FeatureNulls, InputSignal.FeatureValues, InputSignal.RetrievalEmpty, InputSignal.RetrievalAge, InputSignal.RetrievalScore];

    private readonly SortedDictionary<string, DriftStream> _streams = new(StringComparer.Ordinal);
    private long? _minute;

    /// <summary>Everything that is held against its reference, by signal and name.</summary>
    public IReadOnlyCollection<DriftStream> Streams => _streams.Values;

    /// <summary>The evidence in nats at which a stream has drifted.</summary>
    public double LogThreshold => Math.Log(Math.Max(1, _streams.Count) * MinutesPerMonth / FalseAlarmsPerMonth);

    /// <summary>Puts back a stream that was stored.</summary>
    public void Restore(DriftStream.State stream) => _streams[KeyOf(stream.Signal, stream.What)] = new(stream);

    /// <summary>Takes in what a gateway counted.</summary>
    public void Add(InputCount count)
    {
        if (!Watched.Contains(count.Signal) || count.What == InputTally.Others)
        {
            return;
        }

        var key = KeyOf(count.Signal, count.What);
        if (!_streams.TryGetValue(key, out var stream))
        {
            if (_streams.Count == MostStreams)
            {
                return;
            }

            _streams.Add(key, stream = new(new(count.Signal, count.What, new(count.Signal, count.What, 0))));
        }

        stream.Add(count);
    }

    /// <summary>Every stream that has drifted.</summary>
    /// <param name="isQuiet">Whether nothing else says that requests are not as usual: only then is anything learnt.</param>
    public ImmutableArray<DriftStream> Look(DateTimeOffset now, bool isQuiet)
    {
        var minute = Math.DivRem(now.ToUnixTimeSeconds(), 60).Quotient;
        if (_minute is { } last && minute > last)
        {
            foreach (var stream in _streams.Values)
            {
                stream.Close(last, isQuiet);
            }
        }

        _minute = Math.Max(minute, _minute ?? minute);
        return [.. _streams.Values.Where(s => s.LogValue >= LogThreshold)];
    }

    /// <summary>A person says that what has drifted is how it is to be from now on.</summary>
    public void Accept()
    {
        foreach (var stream in _streams.Values.Where(s => s.LogValue >= LogThreshold))
        {
            stream.Relearn();
        }
    }

    private static string KeyOf(InputSignal signal, string what) => string.Create(CultureInfo.InvariantCulture, $"{(int)signal} {what}");
}
