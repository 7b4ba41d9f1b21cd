using System.Globalization;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using Backstop.Gateway;
using Backstop.Gateway.Signals;
using BenchmarkDotNet.Attributes;

namespace Backstop.Benchmarks;

/// <summary>
/// What observing adds to a request: its assignment, its start, its end, and its part of what is collected each second. At the end it says
/// how many bytes a second's batch has at different rates: that grows with what is told apart and not with the requests.
/// </summary>
[InProcess]
[MemoryDiagnoser]
public class ObservationBenchmarks
{
    // A second of a busy gateway between two batches.
    private const int PerBatch = 1000;

    private readonly Route _route = RouteOf("assistant:prod");
    private readonly Route[] _routes = [.. Enumerable.Range(0, 10_000).Select(i => RouteOf($"assistant-{i}:prod"))];
    private readonly string[] _ids = [.. Enumerable.Range(0, PerBatch).Select(i => $"request-{i}")];
    private readonly SignalRecorder _signals = new(new GatewayOptions { GatewayId = "gateway-1" }, TimeProvider.System);
    private readonly SetTime _time = new();
    private readonly SignalRecorder _busy;

    // Where an alias is counted a request finds with its route.
    private readonly AliasSums _sums;
    private readonly AliasSums[] _sumsOf;
    private readonly AliasSums _busySums;
    private long _asked;
    private Assignment _assignment;
    private int _turn;

    public ObservationBenchmarks()
    {
        _busy = new(new GatewayOptions { GatewayId = "gateway-1" }, _time);
        (_sums, _busySums) = (_signals.Of(_route.Alias), _busy.Of(_route.Alias));
        _sumsOf = [.. _routes.Select(route => _signals.Of(route.Alias))];
    }

    [GlobalSetup]
    public void Assign()
    {
        _assignment = _route.Assign("unit", leaseIsLive: true);
        for (var i = 0; i < 400; i++)
        {
            ObserveWhileVeryManyWaitForLabels();
        }
    }

    [GlobalCleanup]
    public void TellBytes()
    {
        foreach (var rate in (int[])[10, 100, 1_000, 10_000, 100_000])
        {
            Console.WriteLine($"// A second's batch at {rate} requests a second: {BytesAt(rate)} bytes");
        }
    }

    [Benchmark(OperationsPerInvoke = PerBatch)]
    public int Observe()
    {
        foreach (var id in _ids)
        {
            Observe(id, _route, _sums);
        }

        return _signals.Collect().Count();
    }

    /// <summary>Each request is of another alias, and nearly alone in its epoch.</summary>
    [Benchmark(OperationsPerInvoke = PerBatch)]
    public int ObserveOneOfTenThousand()
    {
        foreach (var id in _ids)
        {
            var turn = _turn++ % _routes.Length;
            Observe(id, _routes[turn], _sumsOf[turn]);
        }

        return _signals.Collect().Count();
    }

    /// <summary>Twenty thousand requests a second are answered well, and each waits a quarter of a minute for a label that does not come.</summary>
    [Benchmark(OperationsPerInvoke = PerBatch)]
    public int ObserveWhileVeryManyWaitForLabels()
    {
        for (var i = 0; i < PerBatch; i++)
        {
            var request = _busy.Assigned(Random.Shared.NextInt64().ToString("x32", CultureInfo.InvariantCulture), _busySums, _route, _assignment, isEvidence: true);
            _busy.Started(_busySums, _assignment.Release);
            _busy.Answered(request, attack: false, Outcome.Unlabelled, Served.Unlabelled, sample: null);
        }

        _time.Now += TimeSpan.FromSeconds(PerBatch / 20_000.0);
        return ++_asked % 20 == 0 ? _busy.Collect().Count() : 0;
    }

    private static Route RouteOf(string alias) => new() { Alias = alias, Epoch = 1, Generation = 2, Current = "v7", Salt = "salt" };

    private void Observe(string id, Route route, AliasSums sums)
    {
        var request = _signals.Assigned(id, sums, route, _assignment, isEvidence: true);
        _signals.Started(sums, _assignment.Release);
        _signals.Answered(request, attack: false, Outcome.Error, Served.Failed, sample: null);
    }

    private int BytesAt(int rate)
    {
        var (time, random) = (new SetTime(), new Random(1));
        var signals = new SignalRecorder(new GatewayOptions { GatewayId = "gateway-1" }, time);
        var sums = signals.Of(_route.Alias);
        for (var i = 0; i < rate; i++)
        {
            var request = signals.Assigned($"{i}", sums, _route, _assignment, isEvidence: true);
            signals.Started(sums, _assignment.Release);
            var outcome = random.NextDouble() switch { < 0.05 => Outcome.ToxicBlocked, < 0.1 => Outcome.SchemaBlocked, _ => Outcome.PiiBlocked };
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            signals.Answered(
                request, attack: random.NextDouble() < 0.05, outcome, Served.SafeText, sample: null, replica: 1 + random.Next(4),
                TimeSpan.FromMilliseconds(800 * Math.Exp(0.6 * normal)));
            time.Now += TimeSpan.FromSeconds(1) / rate;
        }

        time.Now += TimeSpan.FromSeconds(1);
        return signals.Collect().Sum(batch => batch.Bytes.Length);
    }

    private sealed class SetTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch.AddDays(20_000);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.UtcTicks;
    }
}
