using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using Backstop.Gateway;
using Backstop.Gateway.Signals;
using BenchmarkDotNet.Attributes;

namespace Backstop.Benchmarks;

/// <summary>What observing adds to a request: its assignment, its start, its end, and its part of what is collected each second.</summary>
[InProcess]
[MemoryDiagnoser]
public class ObservationBenchmarks
{
    // A second of a busy gateway between two batches.
    private const int PerBatch = 1000;

    private readonly Route _route = new() { Alias = "assistant:prod", Epoch = 1, Generation = 2, Current = "v7", Salt = "salt" };
    private readonly string[] _ids = [.. Enumerable.Range(0, PerBatch).Select(i => $"request-{i}")];
    private readonly SignalRecorder _signals = new(new GatewayOptions { GatewayId = "gateway-1" }, TimeProvider.System);
    private Assignment _assignment;

    [GlobalSetup]
    public void Assign() => _assignment = _route.Assign("unit", leaseIsLive: true);

    [Benchmark(OperationsPerInvoke = PerBatch)]
    public void Observe()
    {
        foreach (var id in _ids)
        {
            var request = _signals.Assigned(id, _route, _assignment, isEvidence: true);
            _signals.Started(_route.Alias, _assignment.Release);
            _signals.Answered(request, attack: false, Outcome.Error, Served.Failed, sample: null);
        }

        _signals.Collect();
    }
}
