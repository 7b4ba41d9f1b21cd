using System.Collections.Immutable;
using System.Globalization;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Access;
using Backstop.Gateway.Drops;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Signals;
using Backstop.Protocol;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Drop = Backstop.Gateway.Drops.Drop;
using Release = Backstop.Core.Registry.Release;

namespace Backstop.Gateway.Fleet;

/// <summary>One fleet stream from its hello to its end: takes routes and leases, gives acknowledgements and batches.</summary>
internal sealed class FleetConnection(
    CallInvoker control, Uri address, GatewayOptions options, LiveKeys keys, LiveRoutes routes, SignalRecorder signals,
    UnacknowledgedBatches unacknowledged, TimeProvider time, ILogger log, Func<bool> mayLeaveTheSilent) : IDisposable
{
    // Of the longest time between two messages that control promised.
    private const int MostMissed = 3;

    // Acknowledgements wait until all of a batch is applied; control should hear of the first before the last of very many came.
    private const int MostAtOnce = 1000;

    private readonly TaskCompletionSource _routesRead = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // A gRPC stream takes one write at a time; answers and batches come from two loops.
    private readonly SemaphoreSlim _writing = new(1, 1);

    private ImmutableArray<Drop> _toldDrops = [];

    // Until control promises a sign of life, it may be silent for as long as its connection answers.
    private TimeSpan _longestSilence = Timeout.InfiniteTimeSpan;

    /// <summary>Whether it ended because control said nothing any more though it had promised to.</summary>
    public bool FellSilent { get; private set; }

    /// <summary>Whether control sent everything this gateway should serve.</summary>
    public bool WasHealthy => _routesRead.Task.IsCompletedSuccessfully;

    /// <summary>Runs until the stream ends, or until everything was said after a stop.</summary>
    /// <param name="stopping">Asks for the last batch.</param>
    /// <param name="cut">Ends the stream, whatever is unsaid.</param>
    public async Task Run(CancellationToken stopping, CancellationToken cut)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cut);
        using var call = FleetStream.Connect(control, ending.Token);
        await Send(call, new(new() { Hello = Hello() }), ending.Token);
        var reading = Read(call, ending.Token);
        var telling = Tell(call, stopping, ending.Token);
        var first = await Task.WhenAny(reading, telling);
        await ending.CancelAsync();
        await Task.WhenAll(reading, telling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <summary>Takes what became complete since the last time while there is nobody to send it to.</summary>
    public void Collect()
    {
        foreach (var batch in signals.Collect())
        {
            Keep(batch);
        }
    }

    public void Dispose() => _writing.Dispose();

    private void Keep(PackedBatch batch)
    {
        if (unacknowledged.Add(batch) is > 0 and var dropped)
        {
            GatewayLog.BatchesDropped(log, dropped);
        }
    }

    private Hello Hello()
    {
        var hello = new Hello { GatewayId = options.GatewayId, StartId = signals.StartId, Zone = options.Zone };
        hello.Applied.AddRange(routes.Current.Routes.Routes.Values.Select(
            r => new Applied { Alias = r.Alias, Epoch = r.Epoch, Generation = r.Generation }));
        return hello;
    }

    private async Task Read(AsyncDuplexStreamingCall<ToControl, FromControl> call, CancellationToken ending)
    {
        List<RouteUpdate> came = [];
        for (var next = call.ResponseStream.MoveNext(ending); ; next = call.ResponseStream.MoveNext(ending))
        {
            // Routes that lie there already are applied at once: each alone would cost as much as all of them.
            if (came.Count == MostAtOnce || !next.IsCompletedSuccessfully)
            {
                await TakeAll(call, came, ending);
            }

            var message = await Heard(next) ? call.ResponseStream.Current : null;
            if (message?.Route is { } route)
            {
                came.Add(route);
                continue;
            }

            await TakeAll(call, came, ending);
            switch (message?.MessageCase)
            {
                case null:
                    return;
                case FromControl.MessageOneofCase.Access:
                    keys.Apply(message.Access);
                    break;
                case FromControl.MessageOneofCase.SnapshotEnd when _routesRead.TrySetResult():
                    GatewayLog.Connected(log, address);
                    break;
                case FromControl.MessageOneofCase.Lease:
                    routes.Renew(message.Lease.Alias, message.Lease.Epoch, message.Lease.Generation);
                    break;
                case FromControl.MessageOneofCase.BatchAck:
                    unacknowledged.Acknowledge(message.BatchAck.Sequence);
                    break;
                case FromControl.MessageOneofCase.SignOfLife:
                    _longestSilence = TimeSpan.FromMilliseconds(message.SignOfLife.NextWithinMs) * MostMissed;
                    break;
            }
        }
    }

    /// <summary>Waits for the next message, for as long as control may be silent.</summary>
    /// <remarks>In halves, each with a timer of its own: a gateway that stood still itself finds the first one over, and reads in the second what came meanwhile.</remarks>
    /// <exception cref="IOException">It was silent for longer.</exception>
    private async Task<bool> Heard(Task<bool> next)
    {
        Task something = next;
        for (var halves = 0; !next.IsCompleted && _longestSilence != Timeout.InfiniteTimeSpan; halves++)
        {
            if (halves >= 2 && mayLeaveTheSilent())
            {
                FellSilent = true;
                throw new IOException(string.Create(CultureInfo.InvariantCulture, $"it gave no sign of life for {_longestSilence.TotalSeconds:0.0} s"));
            }

            await something.WaitAsync(_longestSilence / 2, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return await next;
    }

    // A rollback must not wait behind a backlog of signals, so the routes are read before the first batch is sent again.
    private async Task Tell(AsyncDuplexStreamingCall<ToControl, FromControl> call, CancellationToken stopping, CancellationToken ending)
    {
        await _routesRead.Task.WaitAsync(ending);
        await TellAll(call, unacknowledged.All(), ending);
        using var timer = new PeriodicTimer(options.BatchInterval, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, ending);
        do
        {
            await TellDrops(call, ending);
            await TellNews(call, ending);
        }
        while (await Tick(timer, either.Token));

        ending.ThrowIfCancellationRequested();
        await TellNews(call, ending);
        await unacknowledged.Emptied().WaitAsync(ending);
        await call.RequestStream.CompleteAsync();
    }

    private async Task TellAll(AsyncDuplexStreamingCall<ToControl, FromControl> call, IEnumerable<PackedBatch> batches, CancellationToken ending)
    {
        foreach (var batch in batches)
        {
            await Send(call, new(new(), batch), ending);
        }
    }

    // Each is sent before the next one is made: of many a garbage collection would keep most.
    private async Task TellNews(AsyncDuplexStreamingCall<ToControl, FromControl> call, CancellationToken ending)
    {
        foreach (var batch in signals.Collect())
        {
            Keep(batch);
            await Send(call, new(new(), batch), ending);
        }
    }

    private async Task TellDrops(AsyncDuplexStreamingCall<ToControl, FromControl> call, CancellationToken ending)
    {
        var drops = routes.Drops;
        if (!drops.SequenceEqual(_toldDrops))
        {
            var message = new Protocol.Drops();
            message.Drops_.AddRange(drops.Select(d => new Protocol.Drop
            {
                Release = d.Release, Reason = d.Reason, By = d.By, AtMs = d.At.ToUnixTimeMilliseconds(),
            }));
            await Send(call, new(new() { Drops = message }), ending);
            _toldDrops = drops;
        }
    }

    private static async Task<bool> Tick(PeriodicTimer timer, CancellationToken until)
    {
        try
        {
            return await timer.WaitForNextTickAsync(until);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task TakeAll(AsyncDuplexStreamingCall<ToControl, FromControl> call, List<RouteUpdate> came, CancellationToken ending)
    {
        foreach (var answer in TakeTogether(came) ?? came.Select(Take))
        {
            await Send(call, new(answer), ending);
        }

        came.Clear();
    }

    // Null when one of them cannot be taken, and each must be looked at for itself.
    private List<FromGateway>? TakeTogether(List<RouteUpdate> came)
    {
        if (came.Count < 2)
        {
            return null;
        }

        try
        {
            var results = routes.Apply([.. came.Select(update => new RouteChange(
                update.Route.ToRoute(), [.. update.Releases.Select(r => ((ReleaseResult.Parsed)r.ToRelease()).Release)]))]);
            return [.. came.Zip(results).Select(pair => Answer(pair.First, pair.Second))];
        }
        catch (Exception)
        {
            return null;
        }
    }

    private FromGateway Take(RouteUpdate update)
    {
        if (update.Route is null)
        {
            return Nack(update, "the update has no route");
        }

        try
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

            return Answer(update, routes.Apply([new(update.Route.ToRoute(), releases)])[0]);
        }
        catch (Exception e)
        {
            // Also what nobody foresaw: one route that cannot be read must not keep the others from arriving.
            return Nack(update, e.Message);
        }
    }

    private FromGateway Answer(RouteUpdate update, ApplyResult result) => result switch
    {
        ApplyResult.MissingRelease missing => Nack(update, $"release {missing.Digest} was not sent"),

        // Held already: what control wants to hear is which generation this gateway is at.
        ApplyResult.Stale stale => Ack(update, stale.HeldEpoch, stale.HeldGeneration),
        _ => Ack(update, update.Route.Epoch, update.Route.Generation),
    };

    private static FromGateway Ack(RouteUpdate update, long epoch, long generation) =>
        new() { Ack = new() { Nonce = update.Nonce, Alias = update.Route.Alias, Epoch = epoch, Generation = generation } };

    private FromGateway Nack(RouteUpdate update, string reason)
    {
        var alias = update.Route?.Alias ?? "";
        GatewayLog.RouteRefused(log, alias, reason);
        return new() { Nack = new() { Nonce = update.Nonce, Alias = alias, Reason = reason } };
    }

    private async Task Send(AsyncDuplexStreamingCall<ToControl, FromControl> call, ToControl message, CancellationToken ending)
    {
        await _writing.WaitAsync(ending);
        try
        {
            message.Message.SentMs = signals.Clock();
            await call.RequestStream.WriteAsync(message, ending);
        }
        finally
        {
            _writing.Release();
        }
    }
}
