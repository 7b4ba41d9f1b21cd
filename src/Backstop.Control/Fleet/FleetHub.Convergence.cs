using System.Collections.Immutable;

namespace Backstop.Control.Fleet;

// What of a generation has arrived, and who is waited for.
public sealed partial class FleetHub
{
    // By how much the clocks of two control planes may differ.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    // Who was found to be missing, for each alias: asked first the next time, or each of very many acknowledgements would ask about all of them.
    private readonly Dictionary<string, string?> _awaited = new(StringComparer.Ordinal);

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
        if (_awaited.GetValueOrDefault(alias) is { } id && _gateways.TryGetValue(id, out var awaited) && !IsSettled(awaited, alias, epoch, generation, lease, standingSince))
        {
            return false;
        }

        // The last one: they are told in this order, and answer about in this order.
        var last = _gateways.LastOrDefault(g => !IsSettled(g.Value, alias, epoch, generation, lease, standingSince)).Key;
        _awaited[alias] = last;
        return last is null;
    }

    private bool IsSettled(GatewayState gateway, string alias, long epoch, long generation, TimeSpan lease, DateTimeOffset? standingSince) =>
        gateway.Serves(alias, epoch, generation)
        || (!gateway.IsConnected && clock.GetElapsedTime(gateway.VanishedAt) >= lease
            && (standingSince is not { } since || gateway.LeftAt < Earlier(since)));

    private static DateTimeOffset Earlier(DateTimeOffset moment) => moment - DateTimeOffset.MinValue > ClockTolerance ? moment - ClockTolerance : DateTimeOffset.MinValue;

    private TimeSpan LeaseOf(string alias) => _routes.TryGetValue(alias, out var published) ? published.Route.CandidateLease : TimeSpan.Zero;
}
