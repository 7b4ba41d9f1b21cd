using Backstop.Protocol;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Relays;

/// <summary>Holds the gateways' streams of a region, and carries each on to a control plane over a few connections that all of them share.</summary>
/// <remarks>
/// It decides nothing and keeps nothing: to the control plane a gateway behind it is a gateway, with its own hello, acknowledgements and
/// batches, and to the gateway it is a control plane. So whatever holds of a stream holds of a relayed one, and a relay that dies is
/// a broken connection. See docs/adr/0012-relays.md.
/// </remarks>
public sealed partial class FleetRelay(RelayedControls controls, IHostApplicationLifetime lifetime, ILogger<FleetRelay> log) : Protocol.Fleet.FleetBase
{
    /// <inheritdoc/>
    public override async Task Connect(
        IAsyncStreamReader<FromGateway> requestStream, IServerStreamWriter<FromControl> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        var control = controls.Current;
        using var call = control.Client.Connect(cancellationToken: ended.Token);
        var (up, down) = (Up(requestStream, call.RequestStream, ended.Token), Down(call.ResponseStream, responseStream, ended.Token));
        await Task.WhenAny(up, down);
        if (up is { IsCompletedSuccessfully: true } or { Exception.InnerException: RpcException or InvalidOperationException })
        {
            // The gateway has said everything, or control does not listen any more: its last word is still to come.
            await down.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var (isLeft, failure) = (ended.IsCancellationRequested, down.Exception?.InnerException as RpcException);
        var isControlsEnd = failure is not null || (down.IsCompletedSuccessfully && !up.IsCompletedSuccessfully);
        await ended.CancelAsync();
        await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (isLeft || !isControlsEnd)
        {
            return; // The gateway left, or this relay stops: both are ordinary ends of a stream.
        }

        if (failure is { StatusCode: StatusCode.InvalidArgument })
        {
            throw new RpcException(failure.Status); // What the gateway said was wrong, whoever hears it.
        }

        Lost(log, control.Address, failure?.Status.Detail ?? "it ended the stream");
        controls.Failed(control);
        throw new RpcException(new(StatusCode.Unavailable, $"The control plane {control.Address} behind this relay is gone."));
    }

    private static async Task Up(IAsyncStreamReader<FromGateway> from, IClientStreamWriter<FromGateway> to, CancellationToken cancel)
    {
        while (await from.MoveNext(cancel))
        {
            await to.WriteAsync(from.Current, cancel);
        }

        await to.CompleteAsync();
    }

    private static async Task Down(IAsyncStreamReader<FromControl> from, IServerStreamWriter<FromControl> to, CancellationToken cancel)
    {
        while (await from.MoveNext(cancel))
        {
            // That the control plane lives says nothing of this relay. When it does not, this relay moves its gateways on.
            if (from.Current.SignOfLife is null)
            {
                await to.WriteAsync(from.Current, cancel);
            }
        }
    }

    [LoggerMessage(3701, LogLevel.Warning, "Lost control at {Control}: {Reason}. The gateways that followed it here try the next one.")]
    private static partial void Lost(ILogger logger, Uri control, string reason);
}
