using System.Collections.Immutable;
using Backstop.Control.Store;
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

    /// <summary>Told what other control planes should know; not called under a lock. Null while there are none.</summary>
    public Action<PeerNews>? Told { get; set; }

    /// <summary>
    /// Takes in what the store keeps of gateways. One that was connected before this process started, or elsewhere, may be out there
    /// serving what it last heard, so it counts until it is back or its lease is over; one that is not kept any more was forgotten.
    /// </summary>
    public void Recall(IReadOnlyCollection<GatewayRow> kept)
    {
        lock (_gate)
        {
            foreach (var row in kept.Where(row => !_gateways.TryGetValue(row.Id, out var known) || string.CompareOrdinal(row.Visit, known.Visit) > 0))
            {
                _gateways[row.Id] = new() { Visit = row.Visit, VanishedAt = clock.GetTimestamp(), LeftAt = row.LeftAt ?? DateTimeOffset.MaxValue };
            }

            var ids = kept.Select(row => row.Id).ToHashSet(StringComparer.Ordinal);
            foreach (var gone in _gateways.Where(g => !g.Value.IsConnected && !ids.Contains(g.Key)).Select(g => g.Key).ToArray())
            {
                _gateways.Remove(gone);
            }
        }

        AnnounceAll();
    }

    /// <summary>Whether a gateway is connected, here or to another control plane.</summary>
    public bool IsConnected(string gateway)
    {
        lock (_gate)
        {
            return _gateways.TryGetValue(gateway, out var state) && state.IsConnected;
        }
    }

    /// <summary>What every other control plane should know of the gateways that are connected here.</summary>
    public PeerNews Whole()
    {
        lock (_gate)
        {
            return new()
            {
                Whole = true,
                Gateways =
                {
                    _gateways.Where(g => g.Value.Link is not null).Select(g => new GatewayNews
                    {
                        GatewayId = g.Key,
                        Visit = g.Value.Visit,
                        Connected = true,
                        Applied = { g.Value.Acked.Select(a => new Applied { Alias = a.Key, Epoch = a.Value.Epoch, Generation = a.Value.Generation }) },
                    }),
                },
            };
        }
    }

    /// <summary>Takes in what another control plane tells.</summary>
    public void Hear(string node, PeerNews news)
    {
        lock (_gate)
        {
            foreach (var gateway in news.Gateways)
            {
                Hear(node, gateway);
            }

            if (news.Whole)
            {
                var named = news.Gateways.Where(g => g.Connected).Select(g => g.GatewayId).ToHashSet(StringComparer.Ordinal);
                Lose(_gateways.Where(g => g.Value.Node == node && !named.Contains(g.Key)));
            }
        }

        foreach (var update in news.Routes)
        {
            Take(new(update.Route.ToRoute(), [.. update.Releases.Select(r => r.ToRelease()).OfType<ReleaseResult.Parsed>().Select(r => r.Release)]));
        }

        foreach (var lease in news.Leases)
        {
            OfferLease(lease.Alias, lease.Epoch, lease.Generation);
        }

        AnnounceAll();
    }

    /// <summary>Another control plane is gone. What the gateways serve that were connected to it is unknown from now on.</summary>
    public void Lost(string node)
    {
        lock (_gate)
        {
            Lose(_gateways.Where(g => g.Value.Node == node));
        }
    }

    /// <summary>Publishes a route to every gateway that does not have it. Publishing again, or something older, does no harm.</summary>
    public void Publish(PublishedRoute published)
    {
        if (Take(published) && Told is { } tell)
        {
            var update = new RouteUpdate { Route = published.Route.ToMessage(), Releases = { published.Releases.Select(r => r.ToMessage()) } };
            tell(new() { Routes = { update } });
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
                .. _gateways.Where(g => !g.Value.IsConnected && !IsSettled(g.Value, alias, epoch, generation, lease, standingSince))
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
            foreach (var gateway in _gateways.Values.Where(g => g.IsConnected))
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
                .. _gateways.Where(g => g.Value.IsConnected).OrderBy(g => g.Key, StringComparer.Ordinal)
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
        || (!gateway.IsConnected && clock.GetElapsedTime(gateway.VanishedAt) >= lease
            && (standingSince is not { } since || gateway.LeftAt < Earlier(since)));

    private static DateTimeOffset Earlier(DateTimeOffset moment) => moment - DateTimeOffset.MinValue > ClockTolerance ? moment - ClockTolerance : DateTimeOffset.MinValue;

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

    private void Hear(string node, GatewayNews news)
    {
        var age = _gateways.TryGetValue(news.GatewayId, out var state) ? string.CompareOrdinal(news.Visit, state.Visit) : 1;
        if (age < 0 || (age == 0 && state!.Link is not null))
        {
            return; // It has come again since, here or elsewhere.
        }

        if (age > 0)
        {
            _gateways[news.GatewayId] = state = new() { Visit = news.Visit };
        }

        var now = clock.GetUtcNow();
        foreach (var applied in news.Applied)
        {
            if (!state!.Serves(applied.Alias, applied.Epoch, applied.Generation))
            {
                state.Acked[applied.Alias] = new(news.GatewayId, applied.Epoch, applied.Generation, now);
            }
        }

        if (news.Connected)
        {
            state!.Node = node;
        }
        else if (state!.Node is not null || age > 0)
        {
            Lose([new(news.GatewayId, state)]);
        }
    }

    private void Lose(IEnumerable<KeyValuePair<string, GatewayState>> gateways)
    {
        foreach (var (_, state) in gateways)
        {
            (state.Link, state.Node) = (null, null);
            (state.VanishedAt, state.LeftAt) = (clock.GetTimestamp(), clock.GetUtcNow());
        }
    }

    private TimeSpan LeaseOf(string alias) => _routes.TryGetValue(alias, out var published) ? published.Route.CandidateLease : TimeSpan.Zero;

    private static bool SameAge(Core.Routing.Route one, Core.Routing.Route other) => one.Epoch == other.Epoch && one.Generation == other.Generation;

    [LoggerMessage(3001, LogLevel.Error, "Gateway {Gateway} serves generation {Theirs} of {Alias}, but the store has {Ours}: it was restored from a backup. Raise the epoch.")]
    private static partial void GatewayIsAhead(ILogger logger, string gateway, string alias, long theirs, long ours);

    [LoggerMessage(3002, LogLevel.Warning, "Gateway {Gateway} refused a route of {Alias}: {Reason}")]
    private static partial void RouteRefused(ILogger logger, string gateway, string alias, string reason);

    private sealed class GatewayState
    {
        /// <summary>Its stream, when it is connected here.</summary>
        public GatewayLink? Link { get; set; }

        /// <summary>The other control plane that it is connected to, or null.</summary>
        public string? Node { get; set; }

        public bool IsConnected => Link is not null || Node is not null;

        /// <summary>Names its last connection; a later one is greater.</summary>
        public required string Visit { get; init; }

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
