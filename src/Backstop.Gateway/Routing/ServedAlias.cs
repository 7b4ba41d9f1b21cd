using Backstop.Core.Routing;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Limits;
using Backstop.Gateway.Signals;

namespace Backstop.Gateway.Routing;

/// <summary>An alias in one snapshot: its route, and what its requests need, so that each looks for its alias once.</summary>
public sealed class ServedAlias
{
    private readonly (string Digest, ReleasePool Pool)[] _named;
    private readonly ReleasePool _current;
    private readonly Nearby _nearby;
    private AliasSums? _sums;

    internal ServedAlias(Route route, AliasState state, Func<string, ReleasePool> poolOf)
    {
        (Name, Route, State) = (route.Alias, route, state);
        _named = [.. route.Releases().Select(digest => (digest, poolOf(digest)))];
        _current = Array.Find(_named, named => named.Digest == route.Current).Pool;
        _nearby = new([Name, route, route.Salt, .. state.Read, .. _current.Read]);
    }

    /// <summary>What it is called; here too, for it is read before the route is.</summary>
    public string Name { get; }

    public Route Route { get; }

    internal AliasState State { get; }

    /// <summary>A release that the route names, as this gateway serves it.</summary>
    /// <exception cref="KeyNotFoundException">The route does not name it.</exception>
    public ReleasePool Pool(string digest)
    {
        if (ReferenceEquals(digest, Route.Current))
        {
            return _current;
        }

        foreach (var (named, pool) in _named)
        {
            if (named == digest)
            {
                return pool;
            }
        }

        throw new KeyNotFoundException($"The route of {Route.Alias} names no release {digest}.");
    }

    /// <summary>Whether any release that the route names can be asked in a dialect.</summary>
    public bool Speaks(Dialect dialect)
    {
        if (_current.Speaks(dialect))
        {
            return true;
        }

        foreach (var (_, pool) in _named)
        {
            if (pool.Speaks(dialect))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Who a request is sent to first.</summary>
    public ReleasePool First(Assignment assignment) => Pool(assignment.Release) is { IsDropped: false } assigned
        ? assigned
        : Pool(Succession.First(Route, assignment, release => Pool(release).IsDropped));

    /// <summary>Whether the arms of the route get the shares it names.</summary>
    public bool SplitHolds => !_current.IsDropped && (Route.Previous is null || !Pool(Route.Previous).IsDropped);

    /// <summary>Whether the candidate may be served: its lease is live, and nobody dropped it here.</summary>
    public bool LeaseIsLive(TimeProvider time) =>
        Route.Candidate is null || (State.Lease.IsLive(time, Route.CandidateLease) && !Pool(Route.Candidate).IsDropped);

    /// <summary>Where its requests are counted.</summary>
    internal AliasSums Sums(SignalRecorder signals) => _sums ??= State.Sums(signals, Route.Alias);

    /// <summary>A request begins, which will read all this.</summary>
    internal void Fetch()
    {
        _sums?.Fetch();
        _nearby.Fetch();
    }

    /// <summary>What <see cref="Fetch"/> asked for is mostly here: what that leads to is read next.</summary>
    internal void FetchNext()
    {
        _sums?.FetchNext();
        _current.FetchNext();
    }
}

/// <summary>What this gateway knows of an alias beside its route; it lives on when the route changes.</summary>
internal sealed class AliasState(TimeProvider time)
{
    private AliasSums? _sums;

    public CandidateLease Lease { get; } = new();

    /// <summary>What the alias uses of this gateway.</summary>
    public Admission Admission { get; } = new(time);

    /// <summary>Whether its requests are measured under its name; null when none has been yet.</summary>
    public bool? IsApart { get; set; }

    public OpenStreams Streams { get; } = new();

    /// <summary>What requests read of it.</summary>
    public IEnumerable<object?> Read => [this, .. Admission.Read];

    /// <summary>Where its requests are counted.</summary>
    public AliasSums Sums(SignalRecorder signals, string alias) => _sums ??= signals.Of(alias);
}
