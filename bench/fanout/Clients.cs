using System.Globalization;
using Backstop.Protocol;
using Grpc.Core;
using Grpc.Net.Client;

namespace Backstop.FanoutBench;

/// <summary>The gateways' ends of the streams: each has a connection of its own and acknowledges every route at once.</summary>
internal sealed class Clients(CancellationToken cancel)
{
    public const string Done = "done";

    private readonly List<AsyncDuplexStreamingCall<FromGateway, FromControl>> _streams = [];
    private readonly List<SemaphoreSlim> _writing = [];
    private long _stored;

    /// <summary>Does what it is told, a line each, and answers each with <see cref="Done"/> and perhaps a number; until its input ends.</summary>
    public async Task Run()
    {
        while (await Console.In.ReadLineAsync(cancel) is { } line)
        {
            var words = line.Split(' ');
            var result = words switch
            {
                ["connect", var port, var name, var count] => await Connect(Number(port), name, Number(count)),
                ["batches", var alias, var generation, var seconds] => await Batches(alias, Number(generation), Number(seconds)),
                _ => throw new InvalidOperationException($"'{line}' is nothing that gateways do."),
            };
            Console.WriteLine($"{Done} {result}");
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private async Task<long> Connect(int port, string name, int count)
    {
        var first = new CountdownEvent(count);
        _streams.Clear();
        _writing.Clear();
        for (var i = 0; i < count; i++)
        {
            var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
            var call = new Protocol.Fleet.FleetClient(channel).Connect(cancellationToken: cancel);
            var writing = new SemaphoreSlim(1, 1);
            _streams.Add(call);
            _writing.Add(writing);
            var id = $"{name}-{i}";
            _ = Task.Run(() => Follow(call, writing, id, first), cancel);
        }

        await Task.Run(() => first.Wait(cancel), cancel);
        return count;
    }

    private async Task Follow(AsyncDuplexStreamingCall<FromGateway, FromControl> call, SemaphoreSlim writing, string id, CountdownEvent first)
    {
        await Write(call, writing, new() { Hello = new() { GatewayId = id, StartId = id } });
        var connected = false;
        await foreach (var message in call.ResponseStream.ReadAllAsync(cancel))
        {
            if (message.BatchAck is not null)
            {
                Interlocked.Increment(ref _stored);
            }

            if (message.Route is not { } update)
            {
                continue;
            }

            await Write(call, writing, new()
            {
                Ack = new() { Nonce = update.Nonce, Alias = update.Route.Alias, Epoch = update.Route.Epoch, Generation = update.Route.Generation },
            });
            if (!connected)
            {
                connected = true;
                first.Signal();
            }
        }
    }

    /// <summary>Every gateway that was connected last sends a batch a second. Returns how many messages said that batches are stored.</summary>
    private async Task<long> Batches(string alias, long generation, int seconds)
    {
        Interlocked.Exchange(ref _stored, 0);
        await Task.WhenAll(_streams.Select(async (call, i) =>
        {
            await Task.Delay(1000 * i / _streams.Count, cancel); // As in the world, where nobody flushes at the same moment.
            using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1));
            for (var n = 1; n <= seconds; n++)
            {
                await Write(call, _writing[i], new() { Batch = Batch(alias, generation, (ulong)n) });
                await pace.WaitForNextTickAsync(cancel);
            }
        }));
        return Interlocked.Read(ref _stored);
    }

    // What a gateway counts in a second of an alias with a canary: four buckets, two groups, two arms.
    private static SignalBatch Batch(string alias, long generation, ulong sequence)
    {
        var batch = new SignalBatch { Sequence = sequence };
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 250 * 250;
        for (var bucket = now - 1000; bucket < now; bucket += 250)
        {
            foreach (var group in (int[])[0, 1])
            {
                var epoch = new EpochCounts { Alias = alias, Epoch = 1, Generation = generation, Bucket = bucket, Group = group };
                foreach (var arm in (int[])[0, 1])
                {
                    epoch.Cells.Add(new Cell { Arm = arm, Outcomes = { group == 0 ? [0, 0, 10, 0] : [10, 0, 0, 0] }, Served = { 0, 0, 10, 0 } });
                }

                batch.Epochs.Add(epoch);
            }
        }

        return batch;
    }

    private async Task Write(AsyncDuplexStreamingCall<FromGateway, FromControl> call, SemaphoreSlim writing, FromGateway message)
    {
        await writing.WaitAsync(cancel);
        try
        {
            await call.RequestStream.WriteAsync(message, cancel);
        }
        finally
        {
            writing.Release();
        }
    }
}
