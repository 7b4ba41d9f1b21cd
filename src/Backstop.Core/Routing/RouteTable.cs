using System.Collections.Frozen;
using Backstop.Core.Registry;

namespace Backstop.Core.Routing;

/// <summary>An immutable snapshot of everything a gateway serves; replaced by one reference exchange.</summary>
/// <remarks>A lookup costs the same for one alias and for ten thousand.</remarks>
public sealed class RouteTable
{
    /// <summary>The table of a gateway that has heard nothing yet.</summary>
    public static RouteTable Empty { get; } =
        new(FrozenDictionary<string, Route>.Empty, FrozenDictionary<string, Release>.Empty);

    private RouteTable(FrozenDictionary<string, Route> routes, FrozenDictionary<string, Release> releases)
    {
        Routes = routes;
        Releases = releases;
    }

    /// <summary>Routes by alias.</summary>
    public FrozenDictionary<string, Route> Routes { get; }

    /// <summary>Releases by digest: every one that a route names, and no other.</summary>
    public FrozenDictionary<string, Release> Releases { get; }

    /// <summary>Applies a newer route; refuses one that is not newer or that names a release it was not given.</summary>
    public ApplyResult Apply(Route route, IEnumerable<Release> releases)
    {
        if (Routes.TryGetValue(route.Alias, out var held) && !route.IsNewerThan(held))
        {
            return new ApplyResult.Stale(held.Epoch, held.Generation);
        }

        var routes = Routes.Where(r => r.Key != route.Alias).Select(r => r.Value).Append(route).ToArray();
        var known = new Dictionary<string, Release>(Releases, StringComparer.Ordinal);
        foreach (var release in releases)
        {
            known[release.Digest] = release;
        }

        foreach (var digest in route.Releases())
        {
            if (!known.ContainsKey(digest))
            {
                return new ApplyResult.MissingRelease(digest);
            }
        }

        var named = routes.SelectMany(r => r.Releases()).Distinct(StringComparer.Ordinal);
        return new ApplyResult.Applied(new RouteTable(
            routes.ToFrozenDictionary(r => r.Alias, StringComparer.Ordinal),
            named.ToFrozenDictionary(d => d, d => known[d], StringComparer.Ordinal)));
    }
}

/// <summary>What became of a route that was pushed to a gateway.</summary>
public abstract record ApplyResult
{
    private ApplyResult()
    {
    }

    /// <summary>The new table is to be served from now on.</summary>
    public sealed record Applied(RouteTable Table) : ApplyResult;

    /// <summary>The gateway holds this or a newer generation already.</summary>
    public sealed record Stale(long HeldEpoch, long HeldGeneration) : ApplyResult;

    /// <summary>The push named a release that it did not carry.</summary>
    public sealed record MissingRelease(string Digest) : ApplyResult;
}
