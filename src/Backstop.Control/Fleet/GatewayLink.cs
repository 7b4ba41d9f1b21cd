using System.Threading.Channels;
using Backstop.Protocol;

namespace Backstop.Control.Fleet;

/// <summary>What is on its way to one connected gateway.</summary>
/// <remarks>
/// It holds the latest word per alias and no queue: a gateway that reads slowly skips what was overtaken, and never makes
/// anybody wait or memory grow.
/// </remarks>
public sealed class GatewayLink(string gateway, string start, TimeProvider clock)
{
    /// <summary>What was said and not acknowledged is said again after this time.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    // A control plane that stands still looks like one that has nothing to say, so one that lives says so. What a gateway makes of
    // three of these that it missed must come before the others have declared this one dead: then its batches are there already.
    private static readonly TimeSpan SignPace = TimeSpan.FromMilliseconds(400);

    private static readonly FromControl Sign = new() { SignOfLife = new() { NextWithinMs = (uint)SignPace.TotalMilliseconds } };

    // Clocks are set. What was heard before that is forgotten after twice this time.
    private static readonly TimeSpan ClockMemory = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (long Epoch, long Generation, long At)> _said = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, RouteUpdate> _routes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LeaseRenewal> _leases = new(StringComparer.Ordinal);
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private AccessUpdate? _access;
    private SnapshotEnd? _snapshotEnd;
    private ulong? _stored;
    private ulong _nonce;
    private (long Least, long Since) _behind = (long.MaxValue, clock.GetTimestamp());
    private long _behindBefore = long.MaxValue;

    /// <summary>The gateway's id.</summary>
    public string Gateway => gateway;

    /// <summary>The start of the gateway's process.</summary>
    public string Start => start;

    /// <summary>Which batches of this stream are not stored yet.</summary>
    public BatchLedger Ledger { get; } = new();

    /// <summary>A message arrived that was sent at this time by the gateway's own clock; 0 when it does not say.</summary>
    /// <remarks>
    /// The clock is behind by what lies between, less the way; of the last minutes' messages the fastest knows best. So no request is told as
    /// earlier than it was started, and none that was started before an acknowledgement left as later than that arrived: a rollback is
    /// verified on it.
    /// </remarks>
    public void Heard(long sentMs, DateTimeOffset at)
    {
        if (sentMs == 0)
        {
            return;
        }

        if (clock.GetElapsedTime(_behind.Since) >= ClockMemory)
        {
            (_behindBefore, _behind) = (_behind.Least, (long.MaxValue, clock.GetTimestamp()));
        }

        _behind.Least = Math.Min(_behind.Least, at.ToUnixTimeMilliseconds() - sentMs);
    }

    /// <summary>Tells the times of newly started requests by this control plane's clock.</summary>
    public void SetRight(SignalBatch batch)
    {
        if (Math.Min(_behindBefore, _behind.Least) is var behind && behind < long.MaxValue)
        {
            foreach (var started in batch.Started)
            {
                started.FirstMs += behind;
                started.LastMs += behind;
            }
        }
    }

    /// <summary>Replaces what was to be said about an alias; never by something older, nor by the same within a second.</summary>
    public void Offer(PublishedRoute published)
    {
        var route = published.Route;
        lock (_gate)
        {
            if (_said.TryGetValue(route.Alias, out var said))
            {
                var age = (route.Epoch, route.Generation).CompareTo((said.Epoch, said.Generation));
                if (age < 0 || (age == 0 && clock.GetElapsedTime(said.At) < Patience))
                {
                    return;
                }
            }

            _said[route.Alias] = (route.Epoch, route.Generation, clock.GetTimestamp());
            _routes[route.Alias] = published.ToMessage(++_nonce);
        }

        _news.Writer.TryWrite(true);
    }

    /// <summary>Says after the routes offered so far that these are all aliases there are.</summary>
    public void OfferSnapshotEnd(IEnumerable<string> aliases)
    {
        lock (_gate)
        {
            _snapshotEnd = new() { Aliases = { aliases } };
        }

        _news.Writer.TryWrite(true);
    }

    /// <summary>Replaces what was to be said about who may call.</summary>
    public void Offer(AccessUpdate access)
    {
        lock (_gate)
        {
            _access = access;
        }

        _news.Writer.TryWrite(true);
    }

    /// <summary>Lets the gateway go on exposing a candidate.</summary>
    public void OfferLease(string alias, long epoch, long generation)
    {
        lock (_gate)
        {
            _leases[alias] = new() { Alias = alias, Epoch = epoch, Generation = generation };
        }

        _news.Writer.TryWrite(true);
    }

    /// <summary>Says that batches up to this one are stored.</summary>
    public void OfferStored(ulong sequence)
    {
        lock (_gate)
        {
            _stored = sequence;
        }

        _news.Writer.TryWrite(true);
    }

    /// <summary>Waits until there is something to say, or until it is time to say that there is nothing.</summary>
    public async Task WaitForNews(CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(SignPace, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            await _news.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Nothing new: that is worth saying too.
        }
    }

    /// <summary>
    /// Takes everything that waits: who may call, then the routes, so that no lease or end of a snapshot overtakes its route. A sign of life
    /// when nothing does.
    /// </summary>
    public List<FromControl> Take()
    {
        lock (_gate)
        {
            List<FromControl> messages = [.. _access is null ? [] : new[] { new FromControl { Access = _access } }, .. _routes.Values.Select(r => new FromControl { Route = r })];
            if (_snapshotEnd is not null)
            {
                messages.Add(new() { SnapshotEnd = _snapshotEnd });
            }

            messages.AddRange(_leases.Values.Select(l => new FromControl { Lease = l }));
            if (_stored is { } sequence)
            {
                messages.Add(new() { BatchAck = new() { Sequence = sequence } });
            }

            _access = null;
            _routes.Clear();
            _leases.Clear();
            _snapshotEnd = null;
            _stored = null;
            return messages is [] ? [Sign] : messages;
        }
    }
}
