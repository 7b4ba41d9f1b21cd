using System.Collections.Concurrent;
using Backstop.Core.Guards;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Signals;
using Backstop.Protocol;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Release = Backstop.Core.Registry.Release;

namespace Backstop.Gateway.Fleet;

/// <summary>The gateway's end of the fleet stream: takes routes, gives acknowledgements and batches, and comes back when cut.</summary>
public sealed class FleetClient(
    GatewayOptions options, LiveRoutes routes, SignalRecorder signals, TimeProvider time, ILogger<FleetClient> log) : BackgroundService
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    // Batches that control has not acknowledged, oldest first; they are sent again on every new connection.
    private readonly ConcurrentQueue<SignalBatch> _unacknowledged = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var channel = GrpcChannel.ForAddress(options.Control, new()
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectTimeout = options.ConnectTimeout,
                KeepAlivePingDelay = TimeSpan.FromSeconds(5),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
                EnableMultipleHttp2Connections = true,
            },
        });
        var delay = FirstDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await Connect(new(channel), stoppingToken))
                {
                    delay = FirstDelay;
                }
            }
            catch (Exception e) when (e is RpcException or IOException or OperationCanceledException)
            {
                if (stoppingToken.IsCancellationRequested)
                {
                    return;
                }

                GatewayLog.Disconnected(log, options.Control, e is RpcException rpc ? rpc.Status.Detail : e.Message, delay);
            }

            // Collect also while cut off: epochs close by the clock, and what cannot be sent is bounded.
            Collect();
            await Task.Delay(delay * (0.5 + Random.Shared.NextDouble()), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }
    }

    /// <summary>Ships what is complete when the process ends: a drained gateway leaves nothing unsaid.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Collect();
    }

    private async Task<bool> Connect(Protocol.Fleet.FleetClient client, CancellationToken stopping)
    {
        using var call = client.Connect(cancellationToken: stopping);
        var outgoing = new SemaphoreSlim(1, 1);
        await Send(call, outgoing, new() { Hello = Hello() }, stopping);
        foreach (var batch in _unacknowledged)
        {
            await Send(call, outgoing, new() { Batch = batch }, stopping);
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var flushing = Flush(call, outgoing, ended.Token);
        var heard = false;
        try
        {
            await foreach (var message in call.ResponseStream.ReadAllAsync(stopping))
            {
                if (!heard)
                {
                    heard = true;
                    GatewayLog.Connected(log, options.Control);
                }

                if (Handle(message) is { } answer)
                {
                    await Send(call, outgoing, answer, stopping);
                }
            }
        }
        finally
        {
            await ended.CancelAsync();
            await flushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return heard;
    }

    private Hello Hello()
    {
        var hello = new Hello { GatewayId = options.GatewayId, StartId = signals.StartId };
        hello.Applied.AddRange(routes.Current.Routes.Routes.Values.Select(
            r => new Applied { Alias = r.Alias, Epoch = r.Epoch, Generation = r.Generation }));
        return hello;
    }

    private FromGateway? Handle(FromControl message)
    {
        switch (message.MessageCase)
        {
            case FromControl.MessageOneofCase.Route:
                return Apply(message.Route);
            case FromControl.MessageOneofCase.Lease:
                routes.Renew(message.Lease.Alias, message.Lease.Epoch, message.Lease.Generation);
                return null;
            case FromControl.MessageOneofCase.BatchAck:
                while (_unacknowledged.TryPeek(out var batch) && batch.Sequence <= message.BatchAck.Sequence)
                {
                    _unacknowledged.TryDequeue(out _);
                }

                return null;
            default:
                return null;
        }
    }

    private FromGateway Apply(RouteUpdate update)
    {
        var releases = new List<Release>();
        foreach (var message in update.Releases)
        {
            if (message.ToRelease() is not ReleaseResult.Parsed parsed)
            {
                return Nack(update, $"release '{message.Name}' cannot be read");
            }

            releases.Add(parsed.Release);
        }

        var route = update.Route.ToRoute();
        try
        {
            return routes.Apply(route, releases) switch
            {
                ApplyResult.MissingRelease missing => Nack(update, $"release {missing.Digest} was not sent"),

                // Held already: what control wants to hear is which generation this gateway is at.
                ApplyResult.Stale stale => Ack(update, stale.HeldEpoch, stale.HeldGeneration),
                _ => Ack(update, route.Epoch, route.Generation),
            };
        }
        catch (Exception e) when (e is GuardPolicyException or IOException or UnauthorizedAccessException)
        {
            return Nack(update, e.Message);
        }
    }

    private static FromGateway Ack(RouteUpdate update, long epoch, long generation) =>
        new() { Ack = new() { Nonce = update.Nonce, Alias = update.Route.Alias, Epoch = epoch, Generation = generation } };

    private FromGateway Nack(RouteUpdate update, string reason)
    {
        GatewayLog.RouteRefused(log, update.Route.Alias, reason);
        return new() { Nack = new() { Nonce = update.Nonce, Alias = update.Route.Alias, Reason = reason } };
    }

    private async Task Flush(AsyncDuplexStreamingCall<FromGateway, FromControl> call, SemaphoreSlim outgoing, CancellationToken ended)
    {
        using var timer = new PeriodicTimer(options.BatchInterval, time);
        while (await timer.WaitForNextTickAsync(ended))
        {
            if (Collect() is { } batch)
            {
                await Send(call, outgoing, new() { Batch = batch }, ended);
            }
        }
    }

    private SignalBatch? Collect()
    {
        if (signals.Collect() is not { } batch)
        {
            return null;
        }

        _unacknowledged.Enqueue(batch);
        var dropped = 0L;
        while (_unacknowledged.Count > options.MaxUnacknowledgedBatches && _unacknowledged.TryDequeue(out _))
        {
            dropped++;
        }

        if (dropped > 0)
        {
            GatewayLog.BatchesDropped(log, dropped);
        }

        return batch;
    }

    // A gRPC stream takes one write at a time; answers and batches come from two loops.
    private static async Task Send(
        AsyncDuplexStreamingCall<FromGateway, FromControl> call, SemaphoreSlim outgoing, FromGateway message, CancellationToken stopping)
    {
        await outgoing.WaitAsync(stopping);
        try
        {
            await call.RequestStream.WriteAsync(message, stopping);
        }
        finally
        {
            outgoing.Release();
        }
    }
}
