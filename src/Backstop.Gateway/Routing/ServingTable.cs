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
    private readonly Dictionary<string, ReleasePool> _pools = new(StringComparer.Ordinal);
    private readonly AliasTable _aliases;

    private ServingTable(RouteTable routes, ServingTable? previous, TimeProvider time)
    {
        // What is made one after the other stays together in memory, also when it is moved: so each alias is made with its releases.
        Routes = routes;
        _aliases = new([.. routes.Routes.Values.Select(Serve)]);
        Checked = [.. _pools.Values.Where(pool => pool.Release.Serving.Health is not null)];

        ServedAlias Serve(Route route)
        {
            foreach (var digest in route.Releases())
            {
                if (!_pools.ContainsKey(digest))
                {
                    _pools.Add(digest, previous?._pools.GetValueOrDefault(digest) ?? new(routes.Releases[digest], time));
                }
            }

            var before = previous?._aliases.Find(route.Alias);
            return ReferenceEquals(before?.Route, route) ? before : new(route, before?.State ?? new(time), Pool);
        }
    }

    public RouteTable Routes { get; }

    public IEnumerable<ReleasePool> Pools => _pools.Values;

    /// <summary>The releases whose replicas are to be asked whether they are well.</summary>
    public ImmutableArray<ReleasePool> Checked { get; }

    /// <summary>The guard policies in use.</summary>
    internal IEnumerable<GuardPolicy> Policies => _pools.Values.Select(pool => pool.Ring.Policy);

    public ReleasePool Pool(string digest) => _pools[digest];

    /// <summary>An alias and all that its requests need; false when nobody has told this gateway of it.</summary>
    public bool TryFind(string alias, [NotNullWhen(true)] out ServedAlias? served) => (served = _aliases.Find(alias)) is not null;

    internal void Obey(ImmutableArray<Drop> drops)
    {
        foreach (var pool in _pools.Values)
        {
            pool.IsDropped = drops.Any(d => d.Release == pool.Release.Name || d.Release == pool.Release.Digest);
        }
    }

    public CandidateLease Lease(string alias) => State(alias).Lease;

    /// <summary>The streams that are under way on the alias.</summary>
    public OpenStreams Streams(string alias) => State(alias).Streams;

    private AliasState State(string alias) => _aliases.Find(alias)?.State ?? throw new KeyNotFoundException($"There is no alias {alias}.");

    /// <summary>Compiles what is new and keeps what is not: load counts and leases live on.</summary>
    /// <exception cref="UnusableReleaseException">A new release cannot be served here.</exception>
    public static ServingTable Of(RouteTable routes, ServingTable? previous, TimeProvider time)
    {
        var next = new ServingTable(routes, previous, time);
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
