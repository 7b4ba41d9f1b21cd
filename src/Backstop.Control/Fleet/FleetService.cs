using System.Threading.Channels;
using Backstop.Control.Store;
using Backstop.Core.Text;
using Backstop.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Fleet;

/// <summary>The control plane's end of the fleet stream.</summary>
public sealed partial class FleetService(
    FleetHub hub, GatewayRoster roster, DropLedger drops, Deliveries deliveries, TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<FleetService> log)
    : Protocol.Fleet.FleetBase
{
    // A minute of batches: more than that waits in the gateway, which has the room.
    private const int MostBatchesWaiting = 256;

    /// <inheritdoc/>
    public override async Task Connect(
        IAsyncStreamReader<FromGateway> requestStream, IServerStreamWriter<FromControl> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        if (await ReadHello(requestStream, ended.Token) is not { } hello)
        {
            return; // This server stops, and somebody else will be asked.
        }

        var (sent, arrived) = (requestStream.Current.SentMs, clock.GetUtcNow());
        var visit = await roster.Arrived(hello.GatewayId, hello.Zone);
        var link = hub.Connect(hello, visit);
        link.Heard(sent, arrived);
        try
        {
            // Acknowledgements must not wait behind batches: convergence is measured by them.
            var batches = Channel.CreateBounded<Received>(MostBatchesWaiting);
            Task[] ends =
            [
                Listen(requestStream, link, batches.Writer, ended.Token),
                Talk(responseStream, link, ended.Token),
                Deliver(batches.Reader, link, ended.Token),
            ];
            var first = await Task.WhenAny(ends);
            await ended.CancelAsync();
            await Task.WhenAll(ends).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await first;
        }
        catch (OperationCanceledException)
        {
            // The gateway left, or this server stops: both are ordinary ends of a stream.
        }
        catch (IOException)
        {
            // As above, in the middle of a message.
        }
        finally
        {
            hub.Disconnect(link);
            await NoteLeft(link.Gateway, visit);
        }
    }

    private async Task NoteLeft(string gateway, string visit)
    {
        try
        {
            await roster.Left(gateway, visit);
        }
        catch (StoreException e)
        {
            // Then it counts as one that nobody saw leave: it may have heard everything.
            LeavingNotNoted(log, gateway, e.Message);
        }
    }

    private static async Task<Hello?> ReadHello(IAsyncStreamReader<FromGateway> stream, CancellationToken cancel)
    {
        bool said;
        try
        {
            said = await stream.MoveNext(cancel);
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        if (!said || stream.Current.Hello is not { } hello)
        {
            throw new RpcException(new(StatusCode.InvalidArgument, "The first message of a fleet stream is a hello."));
        }

        return Names.IsValid(hello.GatewayId) && hello.StartId.Length is > 0 and <= 100
            ? hello
            : throw new RpcException(new(
                StatusCode.InvalidArgument, "gateway_id must be 1 to 100 letters, digits, '.', '-' or '_', and start_id must not be empty."));
    }

    private async Task Talk(IServerStreamWriter<FromControl> stream, GatewayLink link, CancellationToken cancel)
    {
        for (var lookedAt = clock.GetTimestamp(); ;)
        {
            foreach (var message in link.Take())
            {
                await stream.WriteAsync(message, cancel);
            }

            await link.WaitForNews(cancel);
            if (clock.GetElapsedTime(lookedAt) >= GatewayLink.Patience)
            {
                lookedAt = clock.GetTimestamp();
                hub.OfferMissing(link);
            }
        }
    }

    private async Task Listen(
        IAsyncStreamReader<FromGateway> stream, GatewayLink link, ChannelWriter<Received> batches, CancellationToken cancel)
    {
        while (await stream.MoveNext(cancel))
        {
            var at = clock.GetUtcNow();
            link.Heard(stream.Current.SentMs, at);
            switch (stream.Current.MessageCase)
            {
                case FromGateway.MessageOneofCase.Ack:
                    hub.Acked(link, stream.Current.Ack);
                    break;
                case FromGateway.MessageOneofCase.Nack:
                    hub.Nacked(link, stream.Current.Nack);
                    break;
                case FromGateway.MessageOneofCase.Drops:
                    await drops.Tell(link.Gateway, stream.Current.Drops);
                    break;
                case FromGateway.MessageOneofCase.Batch:
                    link.SetRight(stream.Current.Batch);
                    await batches.WriteAsync(new(stream.Current.Batch, at), cancel);
                    break;
            }
        }
    }

    private async Task Deliver(ChannelReader<Received> batches, GatewayLink link, CancellationToken cancel)
    {
        await foreach (var (batch, at) in batches.ReadAllAsync(cancel))
        {
            if (batch.Flaw() is { } flaw)
            {
                BatchRefused(log, link.Gateway, batch.Sequence, flaw);
                continue;
            }

            // Who sent it is what the stream says, not what the batch says.
            batch.GatewayId = link.Gateway;
            batch.StartId = link.Start;
            var aliases = batch.Aliases().Where(hub.Knows).ToArray();
            if (link.Ledger.Expect(batch.Sequence, aliases) is { } upTo)
            {
                link.OfferStored(upTo);
            }

            var bytes = batch.ToByteArray();
            foreach (var alias in aliases)
            {
                await deliveries.Send(alias, new(link, batch.Sequence, bytes, at), cancel);
            }
        }
    }

    [LoggerMessage(3003, LogLevel.Warning, "Batch {Sequence} of gateway {Gateway} was refused: {Flaw}")]
    private static partial void BatchRefused(ILogger logger, string gateway, ulong sequence, string flaw);

    [LoggerMessage(3005, LogLevel.Warning, "That gateway {Gateway} left could not be written down: {Reason}")]
    private static partial void LeavingNotNoted(ILogger logger, string gateway, string reason);

    private readonly record struct Received(SignalBatch Batch, DateTimeOffset At);
}
