using Backstop.Core.Routing;

namespace Backstop.Gateway.Routing;

/// <summary>The streams under way on one alias, so that a swap can end those of a release that it takes out.</summary>
public sealed class OpenStreams
{
    private readonly Lock _gate = new();
    private readonly HashSet<OpenStream> _open = [];
    private Route? _route;

    /// <summary>A stream of a release begins. One that begins on a route that was replaced meanwhile is taken out at once.</summary>
    public OpenStream Begin(string release)
    {
        var stream = new OpenStream(this, release);
        lock (_gate)
        {
            _open.Add(stream);
            if (_route is { } route && IsTakenOut(stream, route))
            {
                stream.TakeOut(route.Traffic.InFlight);
            }
        }

        return stream;
    }

    /// <summary>A route came. Streams of releases that it does not name any more end as it says.</summary>
    public void Follow(Route route)
    {
        lock (_gate)
        {
            _route = route;
            foreach (var stream in _open.Where(s => IsTakenOut(s, route)))
            {
                stream.TakeOut(route.Traffic.InFlight);
            }
        }
    }

    internal void End(OpenStream stream)
    {
        lock (_gate)
        {
            _open.Remove(stream);
        }
    }

    private static bool IsTakenOut(OpenStream stream, Route route) =>
        route.Traffic.InFlight != InFlight.Finish && !route.Releases().Contains(stream.Release, StringComparer.Ordinal);
}

/// <summary>One stream under way.</summary>
public sealed class OpenStream(OpenStreams all, string release) : IDisposable
{
    private readonly CancellationTokenSource _cut = new();

    public string Release => release;

    /// <summary>Whether its release was taken out under it, and it must not go on.</summary>
    public bool IsTakenOut { get; private set; }

    /// <summary>Ends the wait for the next piece when the stream is to end now.</summary>
    public CancellationToken Cut => _cut.Token;

    internal void TakeOut(InFlight how)
    {
        IsTakenOut = true;
        if (how == InFlight.Cut)
        {
            // Elsewhere, for what waits for it would run here, under the lock.
            _ = Task.Run(_cut.Cancel);
        }
    }

    public void Dispose()
    {
        all.End(this);
        _cut.Dispose();
    }
}
