using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Inputs;

namespace Backstop.Control.Api;

/// <summary>How what requests bring with them has drifted.</summary>
/// <param name="Threshold">The evidence, in nats, at which a stream has drifted: higher where more are watched.</param>
/// <param name="FalseAlarmsPerMonth">How many false alarms may be expected in thirty days, of all streams together.</param>
public sealed record DriftView(double Threshold, double FalseAlarmsPerMonth, ImmutableArray<DriftStreamView> Streams)
{
    /// <summary>The view of everything that is watched.</summary>
    public static DriftView Of(DriftWatch watch) => new(
        watch.LogThreshold, DriftWatch.FalseAlarmsPerMonth, [.. watch.Streams.Select(s => DriftStreamView.Of(s, watch.LogThreshold))]);
}

/// <summary>One thing that requests bring with them.</summary>
/// <param name="What">Which of several, such as the feature; empty where there is only one.</param>
/// <param name="State"><c>learning</c>, <c>quiet</c> or <c>drifted</c>.</param>
/// <param name="LogE">The evidence of a drift in nats; null while it learns.</param>
/// <param name="Since">From when on something speaks for a drift; null while it learns.</param>
/// <param name="Reference">How it was while it learnt.</param>
/// <param name="Now">How it is since then; null while nothing came.</param>
/// <param name="StabilityIndex">How far values have moved as a whole; 0.1 is little and 0.25 much. Null where nothing came.</param>
public sealed record DriftStreamView(
    string Signal, string What, string State, double? LogE, DateTimeOffset? Since, ReadingView Reference, ReadingView? Now, double? StabilityIndex)
{
    /// <summary>The view of a stream.</summary>
    public static DriftStreamView Of(DriftStream stream, double threshold)
    {
        var hasMore = !stream.Learns && stream.SinceOnset.N > 0;
        return new(
            JsonNamingPolicy.SnakeCaseLower.ConvertName(stream.Known.Signal.ToString()),
            stream.Known.What,
            stream.Learns ? "learning" : stream.LogValue >= threshold ? "drifted" : "quiet",
            stream.Learns ? null : Math.Max(stream.LogValue, -1000),
            stream.Learns ? null : stream.Onset,
            ReadingView.Of(InputChange.Reading(stream.Known.Sums)),
            hasMore ? ReadingView.Of(InputChange.Reading(stream.SinceOnset)) : null,
            hasMore ? stream.StabilityIndex() : null);
    }
}

/// <summary>A share, or a mean with its standard deviation.</summary>
/// <param name="N">Observations.</param>
public sealed record ReadingView(double N, double? Share, double? Mean, double? Deviation)
{
    /// <summary>The view of a reading.</summary>
    public static ReadingView Of(Reading reading) =>
        new(reading.N, reading is { Hits: { } hits, N: > 0 } ? hits / reading.N : null, reading.Mean, reading.Deviation);
}
