using System.Collections.Immutable;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Protocol;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Fleet;

/// <summary>Every gateway, wherever it is connected: what each should serve, and what each said it serves.</summary>
/// <remarks>
/// All state is in memory and behind one lock that is held for dictionary operations only; nothing is sent under it. Of gateways
/// that are connected to other control planes it knows what those tell; see <see cref="Cluster.Peers"/>.
/// </remarks>
public sealed partial class FleetHub(TimeProvider clock, ILogger<FleetHub> log)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, PublishedRoute> _routes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GatewayState> _gateways = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Epoch, long Generation)> _announced = new(StringComparer.Ordinal);

    // Until the keys were read, nobody may call.
    private AccessUpdate _access = new() { Required = true };

    /// <summary>Told once when every gateway acknowledged what was published last; not called under a lock.</summary>
    public Action<string, long, long, DateTimeOffset>? Converged { get; set; }

    /// <summary>Told what other control planes should know; not called under a lock. Null while there are none.</summary>
    public Action<PeerNews>? Told { get; set; }

    /// <summary>Whether a gateway is connected, here or to another control plane.</summary>
    public bool IsConnected(string gateway)
    {
        lock (_gate)
        {
            return _gateways.TryGetValue(gateway, out var state) && state.IsConnected;
        }
    }

    /// <summary>Publishes a route to every gateway that does not have it. Publishing again, or something older, does no harm.</summary>
    public void Publish(PublishedRoute published)
    {
        if (Take(published) && Told is { } tell)
        {
            tell(new() { Routes = { published.ToMessage() } });
        }

        Announce(published.Route.Alias);
    }

    private bool Take(PublishedRoute published)
    {
        lock (_gate)
        {
            var alias = published.Route.Alias;
            if (_routes.TryGetValue(alias, out var held) && !published.Route.IsNewerThan(held.Route) && !SameAge(published.Route, held.Route))
            {
                return false;
            }

            _routes[alias] = published;
            foreach (var gateway in _gateways.Values.Where(g => !g.Has(published.Route)))
            {
                gateway.Link?.Offer(published);
            }

            return true;
        }
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

    /// <summary>Whether a row of an alias, or a newer one, was published.</summary>
    public bool Has(string alias, long epoch, long generation)
    {
        lock (_gate)
        {
            return _routes.TryGetValue(alias, out var held) && (held.Route.Epoch, held.Route.Generation).CompareTo((epoch, generation)) >= 0;
        }
    }

    /// <summary>The releases that an alias was last published with; none when it never was.</summary>
    public ImmutableArray<Core.Registry.Release> Releases(string alias)
    {
        lock (_gate)
        {
            return _routes.TryGetValue(alias, out var held) ? held.Releases : [];
        }
    }

    /// <summary>Takes a gateway in and offers it what differs from what it serves.</summary>
    /// <param name="hello">What it said.</param>
    /// <param name="visit">What <see cref="GatewayRoster.Arrived"/> named this connection.</param>
    public GatewayLink Connect(Hello hello, string visit)
    {
        var link = new GatewayLink(hello.GatewayId, hello.StartId, clock);
        lock (_gate)
        {
            var state = new GatewayState { Link = link, Visit = visit };
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

        Told?.Invoke(new() { Gateways = { new GatewayNews { GatewayId = hello.GatewayId, Visit = visit, Connected = true, Applied = { hello.Applied } } } });
        AnnounceAll();
        return link;
    }

    /// <summary>The stream ended. What the gateway serves is unknown from now on.</summary>
    public void Disconnect(GatewayLink link)
    {
        string visit;
        lock (_gate)
        {
            if (!_gateways.TryGetValue(link.Gateway, out var state) || state.Link != link)
            {
                return;
            }

            Lose([new(link.Gateway, state)]);
            visit = state.Visit;
        }

        Told?.Invoke(new() { Gateways = { new GatewayNews { GatewayId = link.Gateway, Visit = visit } } });
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
        string visit;
        lock (_gate)
        {
            if (!_gateways.TryGetValue(link.Gateway, out var state) || state.Link != link)
            {
                return;
            }

            visit = state.Visit;
            if (!state.Acked.TryGetValue(ack.Alias, out var before)
                || (ack.Epoch, ack.Generation).CompareTo((before.Epoch, before.Generation)) > 0)
            {
                state.Acked[ack.Alias] = new(link.Gateway, ack.Epoch, ack.Generation, clock.GetUtcNow());
            }
        }

        Told?.Invoke(new()
        {
            Gateways =
            {
                new GatewayNews
                {
                    GatewayId = link.Gateway, Visit = visit, Connected = true, Applied = { new Applied { Alias = ack.Alias, Epoch = ack.Epoch, Generation = ack.Generation } },
                },
            },
        });
        Announce(ack.Alias);
    }

    /// <summary>A gateway could not apply a route. It is offered again within a second.</summary>
    public void Nacked(GatewayLink link, Nack nack) => RouteRefused(log, link.Gateway, nack.Alias, nack.Reason);

    /// <summary>Lets every gateway go on exposing the candidate of a generation.</summary>
    public void RenewLease(string alias, long epoch, long generation)
    {
        OfferLease(alias, epoch, generation);
        Told?.Invoke(new() { Leases = { new LeaseRenewal { Alias = alias, Epoch = epoch, Generation = generation } } });
    }

    private void OfferMissing(GatewayState state)
    {
        foreach (var published in _routes.Values.Where(p => !state.Has(p.Route)))
        {
            state.Link?.Offer(published);
        }
    }

    private void OfferLease(string alias, long epoch, long generation)
    {
        lock (_gate)
        {
            foreach (var gateway in _gateways.Values)
            {
                gateway.Link?.OfferLease(alias, epoch, generation);
            }
        }
    }

    private static bool SameAge(Core.Routing.Route one, Core.Routing.Route other) => one.Epoch == other.Epoch && one.Generation == other.Generation;

    [LoggerMessage(3001, LogLevel.Error, "Gateway {Gateway} serves generation {Theirs} of {Alias}, but the store has {Ours}: it was restored from a backup. Raise the epoch.")]
    private static partial void GatewayIsAhead(ILogger logger, string gateway, string alias, long theirs, long ours);

    [LoggerMessage(3002, LogLevel.Warning, "Gateway {Gateway} refused a route of {Alias}: {Reason}")]
    private static partial void RouteRefused(ILogger logger, string gateway, string alias, string reason);
}
