using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Limits;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Sockets;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Observability;

/// <summary>What a gateway tells whoever watches it: a span and a few measurements for every request, and a line in the access log.</summary>
/// <remarks>
/// Names follow OpenTelemetry's conventions for generative AI; what those have no word for begins with <c>backstop</c>. Prompts,
/// answers and keys are in none of it. Labels are aliases, releases and arms, so what is kept is bounded by what is configured.
/// </remarks>
public sealed class Telemetry : IDisposable
{
    /// <summary>Name of the meter and of the source of spans.</summary>
    public const string Name = "Backstop.Gateway";

    // A measurement keeps 2,000 series apart, and an alias has one or two of each. To find out that there is no room for one more, each
    // request would sort its labels and look for them twice.
    private const int MostAliases = 1000;

    private static readonly ActivitySource Source = new(Name);

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _copies;
    private readonly Counter<long> _judged;
    private readonly ILogger _access;
    private readonly ConcurrentDictionary<string, bool> _apart = new(StringComparer.Ordinal);
    private int _aliases;

    public Telemetry(IMeterFactory meters, LiveRoutes routes, WholeGateway all, ILoggerFactory logs)
    {
        _access = logs.CreateLogger("Backstop.Gateway.Access");
        _meter = meters.Create(Name);
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] };
        _duration = _meter.CreateHistogram("gen_ai.server.request.duration", "s", "From a request's first byte to its answer's last.", advice: seconds);
        _firstToken = _meter.CreateHistogram("gen_ai.server.time_to_first_token", "s", "From a request's first byte to the first piece of a streamed answer.", advice: seconds);
        _requests = _meter.CreateCounter<long>("backstop.gateway.requests", "{request}", "Requests by what became of them.");
        _retries = _meter.CreateCounter<long>("backstop.gateway.retries", "{request}", "Requests sent again to another replica.");
        _copies = _meter.CreateCounter<long>("backstop.gateway.shadow.copies", "{request}", "Copies of requests to a release that no user sees.");
        _judged = _meter.CreateCounter<long>("backstop.gateway.judged", "{answer}", "Answers that a judge was to score.");
        _meter.CreateObservableCounter("backstop.gateway.batches", () => SendBatch.Batches, "{batch}", "Batches in which messages left together.");
        _meter.CreateObservableCounter("backstop.gateway.batches.messages", () => SendBatch.Messages, "{message}", "Messages in those batches; what left alone is not among them.");
        _meter.CreateObservableGauge("backstop.gateway.requests.open", () => all.Open, "{request}", "Requests being answered.");
        _meter.CreateObservableGauge("backstop.gateway.generation", () => Generations(routes), "{generation}", "The generation of each alias that is served.");
        _meter.CreateObservableGauge("backstop.gateway.replicas.resting", () => Resting(routes), "{replica}", "Replicas of each release that are left alone.");
        _meter.CreateObservableGauge("backstop.gateway.dropped", () => Dropped(routes), "{release}", "1 for each release that an operator dropped here.");
    }

    /// <summary>A request begins. The caller's trace goes on here, if it has one.</summary>
    public static Trip Begin(Microsoft.AspNetCore.Http.HttpRequest request, Dialect dialect)
    {
        Activity? span = null;
        if (Source.HasListeners())
        {
            // What is no trace context begins a new trace.
            var hasTrace = ActivityContext.TryParse(request.Headers.TraceParent.ToString(), request.Headers.TraceState.ToString(), isRemote: true, out var caller);
            if (!hasTrace)
            {
                Activity.Current = null; // The host's own, which nobody samples, would be taken for the parent, and the span with it for one that nobody wants.
            }

            span = Source.StartActivity(dialect.Operation, ActivityKind.Server, hasTrace ? caller : default);
            span?.SetTag("gen_ai.operation.name", dialect.Operation);
        }

        return new(span, dialect.Operation);
    }

    /// <summary>A request is to this alias.</summary>
    internal void Asks(Trip trip, string alias, AliasState state) => (trip.Alias, trip.IsApart) = (alias, state.IsApart ??= DecideApart(alias));

    /// <summary>A replica is asked. The span's context goes to it in the place of the caller's.</summary>
    public static Activity? Ask(Trip? trip, ReleasePool pool, Replica replica)
    {
        if (trip?.Span is not { } parent)
        {
            return null;
        }

        var span = Source.StartActivity($"{trip.Operation} {pool.Release.Serving.Model}", ActivityKind.Client, parent.Context);
        span?.SetTag("gen_ai.operation.name", trip.Operation);
        span?.SetTag("gen_ai.request.model", pool.Release.Serving.Model);
        span?.SetTag("backstop.release", pool.Release.Name);
        span?.SetTag("server.address", replica.Address.Host);
        span?.SetTag("server.port", replica.Address.Port);
        return span;
    }

    /// <summary>A request is sent again to another replica.</summary>
    public void Retried(ReleasePool pool) => _retries.Add(1, new KeyValuePair<string, object?>("backstop.release", pool.Release.Name));

    /// <summary>A copy was asked, or dropped because too many waited.</summary>
    public void Copied(ReleasePool pool, string result) => _copies.Add(
        1, new KeyValuePair<string, object?>("backstop.release", pool.Release.Name), new KeyValuePair<string, object?>("backstop.result", result));

    /// <summary>A judge scored an answer, or did not.</summary>
    public void Judged(string signal, string result) => _judged.Add(
        1, new KeyValuePair<string, object?>("backstop.signal", signal), new KeyValuePair<string, object?>("backstop.result", result));

    /// <summary>A request ended.</summary>
    internal void End(Trip trip, int status, string? error, string id)
    {
        var took = trip.Elapsed;
        var tags = new TagList { { "gen_ai.operation.name", trip.Operation } };
        if (trip.Span is not null || trip.Alias is null || trip.IsApart)
        {
            AddKnown(ref tags, "gen_ai.request.model", trip.Alias);
            AddKnown(ref tags, "backstop.release", trip.Release);
            AddKnown(ref tags, "backstop.arm", trip.Arm);
        }
        else
        {
            tags.Add("otel.metric.overflow", true);
        }

        AddKnown(ref tags, "error.type", error);

        _duration.Record(took.TotalSeconds, tags);
        if (trip.FirstPiece is { } first)
        {
            _firstToken.Record(first.TotalSeconds, tags);
        }

        AddKnown(ref tags, "backstop.served", trip.Served);
        tags.Add("http.response.status_code", status);
        _requests.Add(1, tags);
        if (trip.Span is { } span)
        {
            Describe(span, tags, status, error);
            span.Dispose();
        }

        if (_access.IsEnabled(LogLevel.Information))
        {
            GatewayLog.Request(
                _access, id, trip.Operation, trip.Alias ?? "-", trip.Release ?? "-", trip.Arm ?? "-", status, error ?? "-", took.TotalMilliseconds, trip.Span?.TraceId.ToString() ?? "-");
        }
    }

    public void Dispose() => _meter.Dispose();

    private bool DecideApart(string alias) =>
        _apart.TryGetValue(alias, out var isApart) ? isApart : _aliases < MostAliases && _apart.TryAdd(alias, true) && Interlocked.Increment(ref _aliases) > 0;

    private static void AddKnown(ref TagList tags, string key, string? value)
    {
        if (value is not null)
        {
            tags.Add(key, value);
        }
    }

    private static void Describe(Activity span, TagList tags, int status, string? error)
    {
        foreach (var (key, value) in tags)
        {
            span.SetTag(key, value);
        }

        if (status >= 500)
        {
            span.SetStatus(ActivityStatusCode.Error, error);
        }
    }

    private static IEnumerable<Measurement<long>> Generations(LiveRoutes routes) => routes.Current.Routes.Routes.Values.Select(r =>
        new Measurement<long>(r.Generation, new KeyValuePair<string, object?>("gen_ai.request.model", r.Alias)));

    private static IEnumerable<Measurement<int>> Resting(LiveRoutes routes) => routes.Current.Pools.Select(p =>
        new Measurement<int>(p.Replicas.Count(r => r.IsResting), new KeyValuePair<string, object?>("backstop.release", p.Release.Name)));

    private static IEnumerable<Measurement<int>> Dropped(LiveRoutes routes) => routes.Current.Pools.Where(p => p.IsDropped).Select(p =>
        new Measurement<int>(1, new KeyValuePair<string, object?>("backstop.release", p.Release.Name)));
}
