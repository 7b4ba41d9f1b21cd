using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Backstop.Core.Guards;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Drops;

namespace Backstop.Gateway.Routing;

/// <summary>One snapshot: routes, and for every release they name its ring and replicas.</summary>
public sealed class ServingTable
{
    private readonly FrozenDictionary<string, ReleasePool> _pools;

    // Written once and read by every request. A frozen table of as many strings reaches for twice as many places in memory.
    private readonly Dictionary<string, ServedAlias> _aliases;

    private ServingTable(RouteTable routes, FrozenDictionary<string, ReleasePool> pools, ServingTable? previous, TimeProvider time)
    {
        (Routes, _pools, _aliases) = (routes, pools, new(routes.Routes.Count, StringComparer.Ordinal));
        foreach (var route in routes.Routes.Values)
        {
            var before = previous?._aliases.GetValueOrDefault(route.Alias);
            _aliases.Add(route.Alias, ReferenceEquals(before?.Route, route) ? before : new(route, before?.State ?? new(time), digest => pools[digest]));
        }

        Checked = [.. pools.Values.Where(pool => pool.Release.Serving.Health is not null)];
    }

    public RouteTable Routes { get; }

    public IEnumerable<ReleasePool> Pools => _pools.Values;

    /// <summary>The releases whose replicas are to be asked whether they are well.</summary>
    public ImmutableArray<ReleasePool> Checked { get; }

    /// <summary>The guard policies in use.</summary>
    internal IEnumerable<GuardPolicy> Policies => _pools.Values.Select(pool => pool.Ring.Policy);

    public ReleasePool Pool(string digest) => _pools[digest];

    /// <summary>An alias and all that its requests need; false when nobody has told this gateway of it.</summary>
    public bool TryFind(string alias, [NotNullWhen(true)] out ServedAlias? served) => _aliases.TryGetValue(alias, out served);

    internal void Obey(ImmutableArray<Drop> drops)
    {
        foreach (var pool in _pools.Values)
        {
            pool.IsDropped = drops.Any(d => d.Release == pool.Release.Name || d.Release == pool.Release.Digest);
        }
    }

    public CandidateLease Lease(string alias) => _aliases[alias].State.Lease;

    /// <summary>The streams that are under way on the alias.</summary>
    public OpenStreams Streams(string alias) => _aliases[alias].State.Streams;

    /// <summary>Compiles what is new and keeps what is not: load counts and leases live on.</summary>
    /// <exception cref="UnusableReleaseException">A new release cannot be served here.</exception>
    public static ServingTable Of(RouteTable routes, ServingTable? previous, TimeProvider time)
    {
        var pools = routes.Releases.ToFrozenDictionary(
            r => r.Key, r => previous?._pools.GetValueOrDefault(r.Key) ?? new ReleasePool(r.Value, time), StringComparer.Ordinal);
        var next = new ServingTable(routes, pools, previous, time);
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
