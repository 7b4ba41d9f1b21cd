using System.Collections.Immutable;
using System.Net.Sockets;
using Backstop.Gateway.Access;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Signals;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Fleet;

/// <summary>Keeps the gateway on the fleet stream: connects, comes back when cut, and says everything before it stops.</summary>
/// <remarks>Whatever goes wrong here, the gateway serves on: a control plane must not be able to stop traffic.</remarks>
public sealed class FleetClient(
    GatewayOptions options, LiveKeys keys, LiveRoutes routes, SignalRecorder signals, TimeProvider time, ILogger<FleetClient> log) : BackgroundService
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    // How often what was counted is taken while there is nobody to send it to.
    private static readonly TimeSpan Taking = TimeSpan.FromSeconds(1);

    // How long after a stop the last batch may take to be sent and acknowledged.
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(2);

    private readonly UnacknowledgedBatches _unacknowledged = new(options.MaxUnacknowledgedBatches, options.MaxUnacknowledgedBytes);

    // A control plane that stands still looks like one that has nothing to say. After twice this time another one is followed: a
    // rollback that the others decide must find its gateways. A second is the least that the client allows; signs of life are quicker.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(1);

    // Where all are slow and none is dead, gateways that run from one to the next make them slower: for its silence one is left only
    // once in this time.
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(10);

    private long? _leftSilentAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (addresses, near) = ControlAddress.OrderFor(options.GatewayId, options.Zone, options.Control);
        var turn = 0;
        var channel = Channel(addresses[turn].Address);
        using var cut = new CancellationTokenSource();
        await using var stopping = stoppingToken.Register(() => cut.CancelAfter(LastWord));
        for (var failures = 0; !stoppingToken.IsCancellationRequested;)
        {
            using var connection = Connection(channel, addresses[turn].Address);
            using var home = CancellationTokenSource.CreateLinkedTokenSource(cut.Token);
            var returning = turn < near || near == 0 ? Task.FromResult<int?>(null) : Home(addresses[..near], home);
            var problem = await Run(connection, stoppingToken, home.Token);
            await home.CancelAsync();
            if (stoppingToken.IsCancellationRequested)
            {
                break;
            }

            if (await returning is { } back)
            {
                GatewayLog.GoesHome(log, addresses[back].Address, options.Zone);
                turn = back;
                channel.Dispose();
                channel = Channel(addresses[turn].Address);
                continue;
            }

            _leftSilentAt = connection.FellSilent ? time.GetTimestamp() : _leftSilentAt;
            failures = connection.WasHealthy ? 1 : failures + 1;
            var delay = DelayAfter(failures);
            Note(problem, addresses[turn].Address, delay);

            await Wait(delay * (0.5 + Random.Shared.NextDouble()), connection, stoppingToken);
            if (addresses.Length > 1)
            {
                turn = (turn + 1) % addresses.Length;
                channel.Dispose();
                channel = Channel(addresses[turn].Address);
            }
        }

        await SayTheRest(channel, addresses[turn].Address, stoppingToken, cut.Token);
        channel.Dispose();
    }

    /// <summary>Ends the stream to another zone once one of this gateway's own can be reached, and says which; null when the stream ended before.</summary>
    private async Task<int?> Home(ImmutableArray<ControlAddress> near, CancellationTokenSource stream)
    {
        while (true)
        {
            await Task.Delay(options.HomeInterval, time, stream.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stream.IsCancellationRequested)
            {
                return null;
            }

            for (var i = 0; i < near.Length; i++)
            {
                if (await IsThere(near[i].Address, stream.Token))
                {
                    await stream.CancelAsync();
                    return i;
                }
            }
        }
    }

    private async Task<bool> IsThere(Uri address, CancellationToken cancel)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(options.ConnectTimeout);
        try
        {
            await socket.ConnectAsync(address.IdnHost, address.Port, patience.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private GrpcChannel Channel(Uri address) => GrpcChannel.ForAddress(address, new()
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            SslOptions = options.ControlTls ?? new(),
            KeepAlivePingDelay = KeepAlive,
            KeepAlivePingTimeout = KeepAlive,
            EnableMultipleHttp2Connections = true,
        },
        DisposeHttpClient = true,
    });

    private static TimeSpan DelayAfter(int failures) =>
        FirstDelay * Math.Min(Math.Pow(2, failures - 1), LongestDelay / FirstDelay);

    // Epochs close by the clock, and what cannot be sent is bounded. What is taken seconds late is memory that no cache holds, and much at one
    // time, for which requests wait.
    private async Task Wait(TimeSpan delay, FleetConnection connection, CancellationToken stopping)
    {
        for (var left = delay; left > TimeSpan.Zero && !stopping.IsCancellationRequested; left -= Taking)
        {
            connection.Collect();
            await Task.Delay(left < Taking ? left : Taking, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // A stop that found the stream open has said everything on it. One that found it cut tries once more.
    private async Task SayTheRest(GrpcChannel channel, Uri address, CancellationToken stopping, CancellationToken cut)
    {
        using var connection = Connection(channel, address);
        connection.Collect();
        if (_unacknowledged.Count > 0 && !cut.IsCancellationRequested)
        {
            await Run(connection, stopping, cut);
        }

        if (_unacknowledged.Count > 0)
        {
            GatewayLog.StoppedUnacknowledged(log, _unacknowledged.Count);
        }
    }

    private FleetConnection Connection(GrpcChannel channel, Uri address) =>
        new(channel.CreateCallInvoker(), address, options, keys, routes, signals, _unacknowledged, time, log, MayLeaveTheSilent);

    private bool MayLeaveTheSilent() => options.Control.Length > 1 && (_leftSilentAt is not { } left || time.GetElapsedTime(left) >= Calm);

    private static async Task<Exception?> Run(FleetConnection connection, CancellationToken stopping, CancellationToken cut)
    {
        try
        {
            await connection.Run(stopping, cut);
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private void Note(Exception? problem, Uri address, TimeSpan delay)
    {
        switch (problem)
        {
            case null:
                GatewayLog.Disconnected(log, address, "it ended the stream", delay);
                break;
            case RpcException rpc:
                GatewayLog.Disconnected(log, address, rpc.Status.Detail, delay);
                break;
            case IOException or OperationCanceledException:
                GatewayLog.Disconnected(log, address, problem.Message, delay);
                break;
            default:
                GatewayLog.FleetStreamFailed(log, problem, delay);
                break;
        }
    }
}
