using System.Collections.Immutable;
using Backstop.Core.Routing;
using Backstop.Gateway.Drops;
using Backstop.Gateway.Guards;
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

    /// <inheritdoc cref="ServedAlias.LeaseIsLive"/>
    public bool LeaseIsLive(ServedAlias alias) => alias.LeaseIsLive(_time);
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
