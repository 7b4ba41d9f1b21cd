using System.Collections.Concurrent;
using Backstop.Protocol;
using Grpc.Core;
using Grpc.Net.Client;

namespace Backstop.Control.Tests.Harness;

/// <summary>A gateway's end of the fleet stream, without the gateway: it can refuse to read or to acknowledge.</summary>
internal sealed class FleetGateway : IAsyncDisposable
{
    private readonly GrpcChannel _channel;
    private readonly AsyncDuplexStreamingCall<FromGateway, FromControl> _call;
    private readonly Task _reading;
    private readonly SemaphoreSlim _write = new(1, 1);
    private ulong _sequence;

    private FleetGateway(GrpcChannel channel, AsyncDuplexStreamingCall<FromGateway, FromControl> call, bool reads, TimeSpan clockIsOff)
    {
        (_channel, _call, ClockIsOff) = (channel, call, clockIsOff);
        _reading = reads ? Read() : Task.CompletedTask;
    }

    public bool Acknowledges { get; set; } = true;

    /// <summary>By how much its clock is ahead.</summary>
    public TimeSpan ClockIsOff { get; }

    public ConcurrentQueue<FromControl> Received { get; } = new();

    public IEnumerable<RouteUpdate> Routes => Received.Where(m => m.Route is not null).Select(m => m.Route);

    public long Generation => Routes.LastOrDefault()?.Route.Generation ?? 0;

    public static async Task<FleetGateway> Connect(
        ControlServer server, string id = "gateway-1", bool acknowledges = true, bool reads = true, TimeSpan clockIsOff = default, params Applied[] applied)
    {
        var channel = GrpcChannel.ForAddress(server.Fleet);
        var call = new Protocol.Fleet.FleetClient(channel).Connect();
        await call.RequestStream.WriteAsync(new() { Hello = new() { GatewayId = id, StartId = Guid.NewGuid().ToString("N"), Applied = { applied } } });
        return new(channel, call, reads, clockIsOff) { Acknowledges = acknowledges };
    }

    /// <summary>Batches that were sent and are not durable yet, as far as this side knows.</summary>
    public int Unacknowledged => (int)_sequence - (Received.LastOrDefault(m => m.BatchAck is not null)?.BatchAck.Sequence is { } last ? (int)last + 1 : 0);

    public Task Reaches(long generation) => Eventually.Is(() => Task.FromResult(Generation), g => g >= generation);

    public async Task Send(SignalBatch batch)
    {
        batch.Sequence = _sequence++;
        await Write(new() { Batch = batch });
    }

    public Task Ack(RouteUpdate update) => Write(new()
    {
        Ack = new() { Nonce = update.Nonce, Alias = update.Route.Alias, Epoch = update.Route.Epoch, Generation = update.Route.Generation },
    });

    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await _reading;
        _channel.Dispose();
        _write.Dispose();
    }

    private async Task Read()
    {
        try
        {
            await foreach (var message in _call.ResponseStream.ReadAllAsync())
            {
                Received.Enqueue(message);
                if (message.Route is { } update && Acknowledges)
                {
                    await Ack(update);
                }
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
        {
            // The stream ended: by this side's disposal, or because the server went away.
        }
    }

    private async Task Write(FromGateway message)
    {
        await _write.WaitAsync();
        try
        {
            message.SentMs = (DateTimeOffset.UtcNow + ClockIsOff).ToUnixTimeMilliseconds();
            await _call.RequestStream.WriteAsync(message);
        }
        finally
        {
            _write.Release();
        }
    }
}
