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

    // How long after a stop the last batch may take to be sent and acknowledged.
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(2);

    private readonly UnacknowledgedBatches _unacknowledged = new(options.MaxUnacknowledgedBatches);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var channel = GrpcChannel.ForAddress(options.Control, new()
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectTimeout = options.ConnectTimeout,
                SslOptions = options.ControlTls ?? new(),
                KeepAlivePingDelay = TimeSpan.FromSeconds(5),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
                EnableMultipleHttp2Connections = true,
            },
        });
        using var cut = new CancellationTokenSource();
        await using var stopping = stoppingToken.Register(() => cut.CancelAfter(LastWord));
        for (var failures = 0; !stoppingToken.IsCancellationRequested;)
        {
            using var connection = Connection(channel);
            var problem = await Run(connection, stoppingToken, cut.Token);
            if (stoppingToken.IsCancellationRequested)
            {
                break;
            }

            failures = connection.WasHealthy ? 1 : failures + 1;
            var delay = DelayAfter(failures);
            Note(problem, delay);

            // Collect also while cut off: epochs close by the clock, and what cannot be sent is bounded.
            connection.Collect();
            await Task.Delay(delay * (0.5 + Random.Shared.NextDouble()), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await SayTheRest(channel, stoppingToken, cut.Token);
    }

    private static TimeSpan DelayAfter(int failures) =>
        FirstDelay * Math.Min(Math.Pow(2, failures - 1), LongestDelay / FirstDelay);

    // A stop that found the stream open has said everything on it. One that found it cut tries once more.
    private async Task SayTheRest(GrpcChannel channel, CancellationToken stopping, CancellationToken cut)
    {
        using var connection = Connection(channel);
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

    private FleetConnection Connection(GrpcChannel channel) =>
        new(new(channel), options, keys, routes, signals, _unacknowledged, time, log);

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

    private void Note(Exception? problem, TimeSpan delay)
    {
        switch (problem)
        {
            case null:
                GatewayLog.Disconnected(log, options.Control, "it ended the stream", delay);
                break;
            case RpcException rpc:
                GatewayLog.Disconnected(log, options.Control, rpc.Status.Detail, delay);
                break;
            case IOException or OperationCanceledException:
                GatewayLog.Disconnected(log, options.Control, problem.Message, delay);
                break;
            default:
                GatewayLog.FleetStreamFailed(log, problem, delay);
                break;
        }
    }
}
