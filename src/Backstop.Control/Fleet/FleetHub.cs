using System.Collections.Immutable;
using Backstop.Core.Routing;
using Backstop.Protocol;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Fleet;

/// <summary>Every connected gateway: what each should serve, and what each said it serves.</summary>
/// <remarks>All state is in memory and behind one lock that is held for dictionary operations only; nothing is sent under it.</remarks>
public sealed partial class FleetHub(TimeProvider clock, ILogger<FleetHub> log)
{
    // By how much the clocks of two control planes may differ.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, PublishedRoute> _routes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GatewayState> _gateways = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Epoch, long Generation)> _announced = new(StringComparer.Ordinal);

    // Until the keys were read, nobody may call.
    private AccessUpdate _access = new() { Required = true };

    /// <summary>Told once when every gateway acknowledged what was published last; not called under a lock.</summary>
    public Action<string, long, long, DateTimeOffset>? Converged { get; set; }

    /// <summary>
    /// A gateway that was connected before this process started. It may be out there serving what it last heard, so it counts
    /// until it is back or its lease is over.
    /// </summary>
    /// <param name="gateway">Its id.</param>
    /// <param name="leftAt">Since when it is away; null when nobody saw it leave.</param>
    public void Remember(string gateway, DateTimeOffset? leftAt)
    {
        lock (_gate)
        {
            _gateways.TryAdd(gateway, new() { VanishedAt = clock.GetTimestamp(), LeftAt = leftAt ?? clock.GetUtcNow() });
        }
    }

    /// <summary>Waits for a gateway no longer; false when it is connected, and so not gone.</summary>
    public bool Forget(string gateway)
    {
        lock (_gate)
        {
            if (_gateways.TryGetValue(gateway, out var state) && state.Link is not null)
            {
                return false;
            }

            _gateways.Remove(gateway);
        }

        AnnounceAll();
        return true;
    }

    /// <summary>Whether a gateway is connected.</summary>
    public bool IsConnected(string gateway)
    {
        lock (_gate)
        {
            return _gateways.TryGetValue(gateway, out var state) && state.Link is not null;
        }
    }

    /// <summary>Publishes a route to every gateway that does not have it. Publishing again, or something older, does no harm.</summary>
    public void Publish(PublishedRoute published)
    {
        lock (_gate)
        {
            var alias = published.Route.Alias;
            if (_routes.TryGetValue(alias, out var held) && !published.Route.IsNewerThan(held.Route) && !SameAge(published.Route, held.Route))
            {
                return;
            }

            _routes[alias] = published;
            foreach (var gateway in _gateways.Values.Where(g => !g.Has(published.Route)))
            {
                gateway.Link?.Offer(published);
            }
        }

        Announce(published.Route.Alias);
    }

    /// <summary>Tells every gateway who may call models, those that connect later too.</summary>
    public void TellAccess(AccessUpdate access)
    {
        lock (_gate)
        {
            if (_access.Equals(access))
            {
                return;
            }

            _access = access;
            foreach (var gateway in _gateways.Values)
            {
                gateway.Link?.Offer(access);
            }
        }
    }

    /// <summary>Whether an alias was ever published.</summary>
    public bool Knows(string alias)
    {
        lock (_gate)
        {
            return _routes.ContainsKey(alias);
        }
    }

    /// <summary>Takes a gateway in and offers it what differs from what it serves.</summary>
    public GatewayLink Connect(Hello hello)
    {
        var link = new GatewayLink(hello.GatewayId, hello.StartId, clock);
        lock (_gate)
        {
            var state = new GatewayState { Link = link };
            foreach (var applied in hello.Applied)
            {
                state.Acked[applied.Alias] = new(hello.GatewayId, applied.Epoch, applied.Generation, clock.GetUtcNow());
                if (_routes.TryGetValue(applied.Alias, out var held)
                    && (applied.Epoch, applied.Generation).CompareTo((held.Route.Epoch, held.Route.Generation)) > 0)
                {
                    GatewayIsAhead(log, hello.GatewayId, applied.Alias, applied.Generation, held.Route.Generation);
                }
            }

            // The last connection of an id is the gateway; one that lingers gets nothing more.
            _gateways[hello.GatewayId] = state;
            link.Offer(_access);
            OfferMissing(state);
            link.OfferSnapshotEnd(_routes.Keys.Order(StringComparer.Ordinal));
        }

        AnnounceAll();
        return link;
    }

    /// <summary>The stream ended. What the gateway serves is unknown from now on.</summary>
    public void Disconnect(GatewayLink link)
    {
        lock (_gate)
        {
            if (_gateways.TryGetValue(link.Gateway, out var state) && state.Link == link)
            {
                state.Link = null;
                state.VanishedAt = clock.GetTimestamp();
                state.LeftAt = clock.GetUtcNow();
            }
        }
    }

    /// <summary>Offers a gateway again what it has not acknowledged.</summary>
    public void OfferMissing(GatewayLink link)
    {
        lock (_gate)
        {
            if (_gateways.TryGetValue(link.Gateway, out var state) && state.Link == link)
            {
                OfferMissing(state);
            }
        }
    }

    /// <summary>A gateway applied a route.</summary>
    public void Acked(GatewayLink link, Ack ack)
    {
        lock (_gate)
        {
            if (!_gateways.TryGetValue(link.Gateway, out var state) || state.Link != link)
            {
                return;
            }

            if (!state.Acked.TryGetValue(ack.Alias, out var before)
                || (ack.Epoch, ack.Generation).CompareTo((before.Epoch, before.Generation)) > 0)
            {
                state.Acked[ack.Alias] = new(link.Gateway, ack.Epoch, ack.Generation, clock.GetUtcNow());
            }
        }

        Announce(ack.Alias);
    }

    /// <summary>A gateway could not apply a route. It is offered again within a second.</summary>
    public void Nacked(GatewayLink link, Nack nack) => RouteRefused(log, link.Gateway, nack.Alias, nack.Reason);

    /// <summary>Lets every gateway go on exposing the candidate of a generation.</summary>
    public void RenewLease(string alias, long epoch, long generation)
    {
        lock (_gate)
        {
            foreach (var gateway in _gateways.Values)
            {
                gateway.Link?.OfferLease(alias, epoch, generation);
            }
        }
    }

    /// <summary>An alias stored what a batch says about it; once all its aliases have, the gateway may forget the batch.</summary>
    public void Stored(string gateway, string start, string alias, ulong sequence)
    {
        lock (_gate)
        {
            if (_gateways.TryGetValue(gateway, out var state) && state.Link is { } link && link.Start == start
                && link.Ledger.Store(alias, sequence) is { } upTo)
            {
                link.OfferStored(upTo);
            }
        }
    }

    /// <summary>Whether every gateway that can serve an alias has this generation or a newer one.</summary>
    /// <param name="alias">Name of the alias.</param>
    /// <param name="epoch">Of the row.</param>
    /// <param name="generation">Of the row.</param>
    /// <param name="standingSince">
    /// When what this generation takes back began to stand, so that no lease ends it; null when a lease does. Then the end of its
    /// lease says nothing about a gateway that is away: it goes on serving what it heard, and must acknowledge or be forgotten,
    /// unless it left before.
    /// </param>
    public bool HasConverged(string alias, long epoch, long generation, DateTimeOffset? standingSince = null)
    {
        lock (_gate)
        {
            return IsConverged(alias, epoch, generation, standingSince);
        }
    }

    /// <summary>The gateways that are away and that <see cref="HasConverged"/> waits for, by id.</summary>
    public ImmutableArray<string> Away(string alias, long epoch, long generation, DateTimeOffset? standingSince)
    {
        lock (_gate)
        {
            var lease = LeaseOf(alias);
            return
            [
                .. _gateways.Where(g => g.Value.Link is null && !IsSettled(g.Value, alias, epoch, generation, lease, standingSince))
                    .Select(g => g.Key).Order(StringComparer.Ordinal),
            ];
        }
    }

    /// <summary>Share of the connected gateways that serve this generation or a newer one, 0 to 1; 0 when none is connected.</summary>
    public double Coverage(string alias, long epoch, long generation)
    {
        lock (_gate)
        {
            var (connected, serving) = (0, 0);
            foreach (var gateway in _gateways.Values.Where(g => g.Link is not null))
            {
                connected++;
                serving += gateway.Serves(alias, epoch, generation) ? 1 : 0;
            }

            return connected == 0 ? 0 : serving / (double)connected;
        }
    }

    /// <summary>What the connected gateways serve of an alias, by id.</summary>
    public ImmutableArray<GatewayProgress> Progress(string alias)
    {
        lock (_gate)
        {
            return
            [
                .. _gateways.Where(g => g.Value.Link is not null).OrderBy(g => g.Key, StringComparer.Ordinal)
                    .Select(g => g.Value.Acked.GetValueOrDefault(alias) ?? new(g.Key, 0, 0, default)),
            ];
        }
    }

    private void OfferMissing(GatewayState state)
    {
        foreach (var published in _routes.Values.Where(p => !state.Has(p.Route)))
        {
            state.Link?.Offer(published);
        }
    }

    private void AnnounceAll()
    {
        string[] aliases;
        lock (_gate)
        {
            aliases = [.. _routes.Keys];
        }

        foreach (var alias in aliases)
        {
            Announce(alias);
        }
    }

    private void Announce(string alias)
    {
        long epoch, generation;
        var now = clock.GetUtcNow();
        lock (_gate)
        {
            if (!_routes.TryGetValue(alias, out var published))
            {
                return;
            }

            (epoch, generation) = (published.Route.Epoch, published.Route.Generation);
            if (_announced.GetValueOrDefault(alias) == (epoch, generation) || !IsConverged(alias, epoch, generation))
            {
                return;
            }

            _announced[alias] = (epoch, generation);
        }

        Converged?.Invoke(alias, epoch, generation, now);
    }

    private bool IsConverged(string alias, long epoch, long generation, DateTimeOffset? standingSince = null)
    {
        var lease = LeaseOf(alias);
        return _gateways.Values.All(g => IsSettled(g, alias, epoch, generation, lease, standingSince));
    }

    private bool IsSettled(GatewayState gateway, string alias, long epoch, long generation, TimeSpan lease, DateTimeOffset? standingSince) =>
        gateway.Serves(alias, epoch, generation)
        || (gateway.Link is null && clock.GetElapsedTime(gateway.VanishedAt) >= lease
            && (standingSince is not { } since || gateway.LeftAt + ClockTolerance < since));

    private TimeSpan LeaseOf(string alias) => _routes.TryGetValue(alias, out var published) ? published.Route.CandidateLease : TimeSpan.Zero;

    private static bool SameAge(Core.Routing.Route one, Core.Routing.Route other) => one.Epoch == other.Epoch && one.Generation == other.Generation;

    [LoggerMessage(3001, LogLevel.Error, "Gateway {Gateway} serves generation {Theirs} of {Alias}, but the store has {Ours}: it was restored from a backup. Raise the epoch.")]
    private static partial void GatewayIsAhead(ILogger logger, string gateway, string alias, long theirs, long ours);

    [LoggerMessage(3002, LogLevel.Warning, "Gateway {Gateway} refused a route of {Alias}: {Reason}")]
    private static partial void RouteRefused(ILogger logger, string gateway, string alias, string reason);

    private sealed class GatewayState
    {
        public GatewayLink? Link { get; set; }

        /// <summary>A timestamp, not a time: setting the clock forward must not end anybody's lease.</summary>
        public long VanishedAt { get; set; }

        /// <summary>The same moment as a time, for questions about what it can have heard before it left.</summary>
        public DateTimeOffset LeftAt { get; set; }

        public Dictionary<string, GatewayProgress> Acked { get; } = new(StringComparer.Ordinal);

        public bool Has(Core.Routing.Route route) => Serves(route.Alias, route.Epoch, route.Generation);

        public bool Serves(string alias, long epoch, long generation) =>
            Acked.TryGetValue(alias, out var acked) && (acked.Epoch, acked.Generation).CompareTo((epoch, generation)) >= 0;
    }
}
