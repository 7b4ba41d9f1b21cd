using System.Collections.Frozen;
using System.Collections.Immutable;
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
    public ApplyResult Apply(Route route, IReadOnlyCollection<Release> releases)
    {
        var (table, results) = Apply([new(route, releases)]);
        return results[0] is ApplyResult.Applied ? new ApplyResult.Applied(table) : results[0];
    }

    /// <summary>Applies routes one after the other, each judged for itself, and makes one table of them.</summary>
    /// <remarks>A gateway that starts is given all its routes at once; a table for each of them would cost the square of their number.</remarks>
    /// <returns>The table with all that could be applied, and for each route what became of it.</returns>
    public (RouteTable Table, ImmutableArray<ApplyResult> Results) Apply(IReadOnlyCollection<RouteChange> changes)
    {
        var routes = new Dictionary<string, Route>(Routes, StringComparer.Ordinal);
        var known = new Dictionary<string, Release>(Releases, StringComparer.Ordinal);
        var results = ImmutableArray.CreateBuilder<ApplyResult?>(changes.Count);
        foreach (var (route, releases) in changes)
        {
            results.Add(ProblemOf(route, releases, routes, known));
            if (results[^1] is null)
            {
                routes[route.Alias] = route;
            }
        }

        var named = routes.Values.SelectMany(r => r.Releases()).Distinct(StringComparer.Ordinal);
        var table = new RouteTable(
            routes.ToFrozenDictionary(StringComparer.Ordinal), named.ToFrozenDictionary(d => d, d => known[d], StringComparer.Ordinal));
        return (table, [.. results.Select(problem => problem ?? new ApplyResult.Applied(table))]);
    }

    private static ApplyResult? ProblemOf(Route route, IReadOnlyCollection<Release> releases, Dictionary<string, Route> routes, Dictionary<string, Release> known)
    {
        if (routes.TryGetValue(route.Alias, out var held) && !route.IsNewerThan(held))
        {
            return new ApplyResult.Stale(held.Epoch, held.Generation);
        }

        if (route.Releases().FirstOrDefault(digest => !known.ContainsKey(digest) && !releases.Any(r => r.Digest == digest)) is { } missing)
        {
            return new ApplyResult.MissingRelease(missing);
        }

        foreach (var release in releases)
        {
            known[release.Digest] = release;
        }

        return null;
    }
}

/// <summary>A route that comes, with the releases that come with it.</summary>
public readonly record struct RouteChange(Route Route, IReadOnlyCollection<Release> Releases);

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
