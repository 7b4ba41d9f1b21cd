using System.Collections.Frozen;
using System.Collections.Immutable;
using Backstop.Core.Guards;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Drops;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Limits;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Routing;

/// <summary>What this gateway serves now: one reference to an immutable snapshot, and the candidates' leases.</summary>
public sealed class LiveRoutes
{
    private readonly RouteFile _file;
    private readonly TimeProvider _time;
    private readonly ModelShelf _models;
    private readonly ILogger<LiveRoutes> _log;
    private readonly Lock _writing = new();
    private ServingTable _current;
    private ImmutableArray<Drop> _drops = [];

    public LiveRoutes(RouteFile file, TimeProvider time, ModelShelf models, ILogger<LiveRoutes> log)
    {
        (_file, _time, _models, _log) = (file, time, models, log);
        var table = file.Read(out var problem);
        try
        {
            // Nobody renewed a lease since the file was written, so candidates start without one.
            _current = ServingTable.Of(table, previous: null, time);
        }
        catch (UnusableReleaseException e)
        {
            (problem, _current) = (e.Message, ServingTable.Of(RouteTable.Empty, previous: null, time));
        }

        if (problem is not null)
        {
            GatewayLog.RouteFileRefused(log, problem);
        }

        models.Follow(_current.Policies);
    }

    /// <summary>The snapshot; a request reads it once.</summary>
    public ServingTable Current => Volatile.Read(ref _current);

    /// <summary>Applies pushed routes: of each all or nothing, on disk before it is served.</summary>
    /// <remarks>
    /// A disk that takes nothing any more does not stop it: a rollback must not need what the bad release may have filled. The
    /// whole table is written again with the next route.
    /// </remarks>
    /// <exception cref="UnusableReleaseException">A release cannot be served here; nothing was applied.</exception>
    /// <returns>What became of each.</returns>
    public ImmutableArray<ApplyResult> Apply(IReadOnlyList<RouteChange> changes)
    {
        lock (_writing)
        {
            var (table, results) = _current.Routes.Apply(changes);
            List<Route> applied = [.. changes.Zip(results).Where(c => c.Second is ApplyResult.Applied).Select(c => c.First.Route)];
            if (applied.Count > 0)
            {
                var next = ServingTable.Of(table, _current, _time);
                applied.ForEach(route => next.Lease(route.Alias).Renew(_time.GetTimestamp()));
                next.Obey(_drops);
                Store(table);
                Volatile.Write(ref _current, next);
                _models.Follow(next.Policies);
                foreach (var route in applied)
                {
                    next.Streams(route.Alias).Follow(route);
                    GatewayLog.RouteApplied(_log, route.Alias, route.Epoch, route.Generation);
                }
            }

            return results;
        }
    }

    /// <summary>What an operator on this host dropped.</summary>
    public ImmutableArray<Drop> Drops
    {
        get
        {
            lock (_writing)
            {
                return _drops;
            }
        }
    }

    /// <summary>From here on no request is begun on these releases, and on those that come with later routes and have such a name.</summary>
    public void Obey(ImmutableArray<Drop> drops)
    {
        lock (_writing)
        {
            _drops = drops;
            _current.Obey(drops);
        }
    }

    private void Store(RouteTable table)
    {
        try
        {
            _file.Write(table);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            GatewayLog.RoutesNotStored(_log, e.Message);
        }
    }

    /// <summary>Renews the candidate's lease of exactly this generation; an older renewal does nothing.</summary>
    public void Renew(string alias, long epoch, long generation)
    {
        var table = Current;
        if (table.Routes.Routes.TryGetValue(alias, out var route) && route.Epoch == epoch && route.Generation == generation)
        {
            table.Lease(alias).Renew(_time.GetTimestamp());
        }
    }

    /// <summary>Whether the candidate of a route may be served: its lease is live, and nobody dropped it here.</summary>
    public bool LeaseIsLive(Route route, ServingTable table) =>
        route.Candidate is null || (table.Lease(route.Alias).IsLive(_time, route.CandidateLease) && !table.Pool(route.Candidate).IsDropped);
}

/// <summary>One snapshot: routes, and for every release they name its ring and replicas.</summary>
public sealed class ServingTable
{
    private readonly FrozenDictionary<string, ReleasePool> _pools;
    private readonly FrozenDictionary<string, AliasState> _aliases;

    private ServingTable(RouteTable routes, FrozenDictionary<string, ReleasePool> pools, FrozenDictionary<string, AliasState> aliases) =>
        (Routes, _pools, _aliases) = (routes, pools, aliases);

    public RouteTable Routes { get; }

    public IEnumerable<ReleasePool> Pools => _pools.Values;

    /// <summary>The guard policies in use.</summary>
    internal IEnumerable<GuardPolicy> Policies => _pools.Values.Select(pool => pool.Ring.Policy);

    public ReleasePool Pool(string digest) => _pools[digest];

    /// <summary>Whether any release that a route names can be asked in a dialect.</summary>
    public bool Speaks(Route route, Dialect dialect) => Pool(route.Current).Speaks(dialect) || route.Releases().Any(d => Pool(d).Speaks(dialect));

    /// <summary>Who a request is sent to first.</summary>
    public ReleasePool First(Route route, Assignment assignment) => Pool(Succession.First(route, assignment, release => Pool(release).IsDropped));

    /// <summary>Whether the arms of a route get the shares it names.</summary>
    public bool SplitHolds(Route route) => !Pool(route.Current).IsDropped && (route.Previous is null || !Pool(route.Previous).IsDropped);

    internal void Obey(ImmutableArray<Drop> drops)
    {
        foreach (var pool in _pools.Values)
        {
            pool.IsDropped = drops.Any(d => d.Release == pool.Release.Name || d.Release == pool.Release.Digest);
        }
    }

    public CandidateLease Lease(string alias) => _aliases[alias].Lease;

    /// <summary>What the alias uses of this gateway.</summary>
    public Admission Admission(string alias) => _aliases[alias].Admission;

    /// <summary>The streams that are under way on the alias.</summary>
    public OpenStreams Streams(string alias) => _aliases[alias].Streams;

    /// <summary>Compiles what is new and keeps what is not: load counts and leases live on.</summary>
    /// <exception cref="UnusableReleaseException">A new release cannot be served here.</exception>
    public static ServingTable Of(RouteTable routes, ServingTable? previous, TimeProvider time)
    {
        var next = new ServingTable(
            routes,
            routes.Releases.ToFrozenDictionary(
                r => r.Key, r => previous?._pools.GetValueOrDefault(r.Key) ?? new ReleasePool(r.Value, time), StringComparer.Ordinal),
            routes.Routes.Keys.ToFrozenDictionary(
                a => a, a => previous?._aliases.GetValueOrDefault(a) ?? new AliasState(time), StringComparer.Ordinal));
        next.Drain();
        next.Tighten();
        return next;
    }

    // Compiled before the first request needs it.
    private void Tighten()
    {
        foreach (var route in Routes.Routes.Values.Where(r => r.Traffic.Tightening is not null))
        {
            foreach (var digest in route.Releases())
            {
                Pool(digest).RingFor(route);
            }
        }
    }

    // A replica serves whichever alias asks its release: what one alias drains is drained.
    private void Drain()
    {
        var drained = Routes.Routes.Values.Where(r => !r.Traffic.Drained.IsEmpty)
            .SelectMany(r => r.Releases().SelectMany(digest => r.Traffic.Drained.Select(address => (digest, address))))
            .ToLookup(d => d.digest, d => d.address, StringComparer.Ordinal);
        foreach (var (digest, pool) in _pools)
        {
            pool.Drain([.. drained[digest]]);
        }
    }
}

/// <summary>What this gateway knows of an alias beside its route; it lives on when the route changes.</summary>
internal sealed class AliasState(TimeProvider time)
{
    public CandidateLease Lease { get; } = new();

    public Admission Admission { get; } = new(time);

    public OpenStreams Streams { get; } = new();
}

/// <summary>The right to expose a candidate; it runs out by itself, so a dead control plane drops every candidate to zero.</summary>
public sealed class CandidateLease
{
    private const long Never = long.MinValue;
    private long _renewedAt = Never;

    public void Renew(long timestamp) => Volatile.Write(ref _renewedAt, timestamp);

    public bool IsLive(TimeProvider time, TimeSpan lease) =>
        Volatile.Read(ref _renewedAt) is var at && at != Never && time.GetElapsedTime(at) < lease;
}
