using System.Collections.Concurrent;
using System.Threading.Channels;
using Backstop.Control.Rollouts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Fleet;

/// <summary>Brings what gateways measured to the owners of aliases, in whatever control plane they live, until it is stored.</summary>
/// <remarks>
/// What comes while an owner is asked waits and goes to it together: the batches of a thousand gateways cost a few calls. An owner that
/// died takes with it what it had not stored; its successor is told that again. Telling it twice does no harm.
/// </remarks>
public sealed partial class Deliveries(IGrainFactory grains, TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<Deliveries> log)
{
    // Beyond that gateways keep what they have; they have the room.
    private const int MostWaiting = 4096;

    // How often an owner is asked what it has stored, when there is nothing new to tell it.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<string, Lazy<Channel<Parcel>>> _waiting = new(StringComparer.Ordinal);

    /// <summary>Takes a batch for one alias; its gateway hears of it once it is stored.</summary>
    public ValueTask Send(string alias, Parcel parcel, CancellationToken cancel) =>
        _waiting.GetOrAdd(alias, name => new(() => Begin(name))).Value.Writer.WriteAsync(parcel, cancel);

    private Channel<Parcel> Begin(string alias)
    {
        var channel = Channel.CreateBounded<Parcel>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
        _ = Task.Run(() => Deliver(alias, channel.Reader, lifetime.ApplicationStopping));
        return channel;
    }

    private async Task Deliver(string alias, ChannelReader<Parcel> waiting, CancellationToken stop)
    {
        var owner = grains.GetGrain<IAliasGrain>(alias);
        var unstored = new Queue<(long Merge, List<Parcel> Parcels)>();
        var next = new List<Parcel>();
        string? life = null;
        while (await Something(waiting, unstored.Count > 0, next.Count > 0, stop))
        {
            while (next.Count + unstored.Sum(u => u.Parcels.Count) < MostWaiting && waiting.TryRead(out var parcel))
            {
                next.Add(parcel);
            }

            try
            {
                var reply = await owner.Merge([.. next.Select(p => p.Batch)], next.Count > 0 ? next[0].At : clock.GetUtcNow());
                List<Parcel> again = reply.Owner == life ? [] : [.. unstored.SelectMany(u => u.Parcels)];
                if (reply.Owner != life)
                {
                    unstored.Clear();
                    life = reply.Owner;
                }

                if (next.Count > 0)
                {
                    unstored.Enqueue((reply.Merged, next));
                }

                next = again;
                while (unstored.TryPeek(out var first) && first.Merge <= reply.Stored)
                {
                    unstored.Dequeue().Parcels.ForEach(p => p.Stored(alias));
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Its control plane died, or the store is away: who takes the alias up, or this owner later, is told again.
                NotDelivered(log, alias, next.Count, e.Message);
                await Task.Delay(Retry, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Waits until there is something to tell or to ask; false when this server stops.</summary>
    private async Task<bool> Something(ChannelReader<Parcel> waiting, bool isUnstored, bool isUntold, CancellationToken stop)
    {
        if (isUntold || stop.IsCancellationRequested)
        {
            return !stop.IsCancellationRequested;
        }

        using var late = new CancellationTokenSource(isUnstored ? Pace : Timeout.InfiniteTimeSpan, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        try
        {
            return await waiting.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            return !stop.IsCancellationRequested;
        }
    }

    [LoggerMessage(3006, LogLevel.Warning, "{Count} batches could not be brought to the owner of {Alias} yet: {Reason}")]
    private static partial void NotDelivered(ILogger logger, string alias, int count, string reason);
}

/// <summary>What one batch says, on its way to the owner of one alias.</summary>
/// <param name="Link">The stream it came by.</param>
/// <param name="Sequence">Its number.</param>
/// <param name="Batch">A <c>SignalBatch</c> message.</param>
/// <param name="At">When it came.</param>
public sealed record Parcel(GatewayLink Link, ulong Sequence, byte[] Batch, DateTimeOffset At)
{
    /// <summary>An alias has stored its part; once all have, the gateway may forget the batch.</summary>
    public void Stored(string alias)
    {
        if (Link.Ledger.Store(alias, Sequence) is { } upTo)
        {
            Link.OfferStored(upTo);
        }
    }
}
