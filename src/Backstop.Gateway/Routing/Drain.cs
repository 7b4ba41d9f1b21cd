using Backstop.Gateway.Fleet;
using Backstop.Gateway.Limits;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Routing;

/// <summary>
/// Takes a gateway out without a failed request: first it is not ready, then it takes nothing new and ends what is under way, then the
/// control plane hears what was counted last.
/// </summary>
/// <remarks>
/// A server that closes its door when it is told to stop turns away whoever was on the way to it. So for the drain delay it
/// answers as before, only saying on <c>/readyz</c> that it is leaving, and on every answer that the connection ends. All this comes
/// before the host tells anybody else that it stops: a control plane in the same process is there until the last word was said.
/// </remarks>
public sealed class Drain(GatewayOptions options, WholeGateway all, FleetClient fleet, TimeProvider time, ILogger<Drain> log) : IHostedLifecycleService, IDisposable
{
    // What is ended at the deadline is counted a moment later.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _ending = new();
    private ITimer? _deadline;
    private volatile bool _begun;

    /// <summary>Whether this gateway is leaving.</summary>
    public bool HasBegun => _begun;

    /// <summary>Cancelled when what is still under way has had its time. Streams say so; what is not streamed is cut off with its connection.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>How long a host may take to stop, the last words on the fleet stream included.</summary>
    internal static TimeSpan LongestStop(GatewayOptions options) => options.DrainDelay + options.DrainDeadline + TimeSpan.FromSeconds(5);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _begun = true;
        GatewayLog.Draining(log, options.DrainDelay, options.DrainDeadline);
        _deadline = time.CreateTimer(_ => _ending.Cancel(), null, options.DrainDelay + options.DrainDeadline, Timeout.InfiniteTimeSpan);
        await Task.Delay(options.DrainDelay, time, cancellationToken);
        await Task.WhenAny(all.Close(), Task.Delay(options.DrainDeadline + Moment, time, cancellationToken));
        await fleet.StopAsync(cancellationToken);
    }

    public void Dispose() => _deadline?.Dispose();

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
