using Backstop.Protocol;
using Grpc.Core;
using Grpc.Net.Client;

namespace Backstop.FanoutBench;

/// <summary>The gateways' ends of the streams: each has a connection of its own and acknowledges every route at once.</summary>
internal static class Clients
{
    public const string Ready = "connected";

    /// <summary>Connects so many gateways to each port, says when all have their first route, and stays until it is told to go.</summary>
    public static async Task Run(int[] ports, int count, CancellationToken cancel)
    {
        var first = new CountdownEvent(ports.Length * count);
        var streams = ports.SelectMany(port => Enumerable.Range(0, count).Select(i => Task.Run(() => Follow(port, $"gateway-{i}", first, cancel), cancel))).ToArray();
        _ = Task.Run(() =>
        {
            first.Wait(cancel);
            Console.WriteLine(Ready);
        }, cancel);
        await Console.In.ReadLineAsync(cancel);
        GC.KeepAlive(streams);
        Environment.Exit(0);
    }

    private static async Task Follow(int port, string id, CountdownEvent first, CancellationToken cancel)
    {
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        using var call = new Protocol.Fleet.FleetClient(channel).Connect(cancellationToken: cancel);
        await call.RequestStream.WriteAsync(new() { Hello = new() { GatewayId = id, StartId = id } }, cancel);
        var connected = false;
        await foreach (var message in call.ResponseStream.ReadAllAsync(cancel))
        {
            if (message.Route is not { } update)
            {
                continue;
            }

            await call.RequestStream.WriteAsync(
                new()
                {
                    Ack = new() { Nonce = update.Nonce, Alias = update.Route.Alias, Epoch = update.Route.Epoch, Generation = update.Route.Generation },
                },
                cancel);
            if (!connected)
            {
                connected = true;
                first.Signal();
            }
        }
    }
}
