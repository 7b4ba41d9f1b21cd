using System.Collections.Concurrent;
using System.Diagnostics;
using Backstop.Protocol;
using Grpc.Core;

namespace Backstop.FanoutBench;

/// <summary>The same service without anything of ours: a list of streams, a write to each, and the time of each acknowledgement.</summary>
internal sealed class BareFleet : Protocol.Fleet.FleetBase
{
    private readonly ConcurrentDictionary<string, IServerStreamWriter<FromControl>> _streams = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (long Generation, long At)> _acked = new(StringComparer.Ordinal);

    public Func<FromControl> First { get; set; } = () => new();

    public override async Task Connect(IAsyncStreamReader<FromGateway> requestStream, IServerStreamWriter<FromControl> responseStream, ServerCallContext context)
    {
        await requestStream.MoveNext(context.CancellationToken);
        var id = requestStream.Current.Hello.GatewayId;
        await responseStream.WriteAsync(First());
        _streams[id] = responseStream;
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            _acked[id] = (requestStream.Current.Ack.Generation, Stopwatch.GetTimestamp());
        }
    }

    public Task Broadcast(FromControl message) => Task.WhenAll(_streams.Values.Select(s => s.WriteAsync(message)));

    /// <summary>When each gateway acknowledged a generation; fewer entries than gateways while some have not.</summary>
    public List<long> Acknowledged(long generation) => [.. _acked.Values.Where(a => a.Generation == generation).Select(a => a.At)];
}
