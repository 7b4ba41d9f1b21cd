using Backstop.Control.Store;
using Backstop.Core.Registry;
using Backstop.Protocol;

namespace Backstop.Control.Fleet;

// What the store and other control planes know of gateways, and what they are told.
public sealed partial class FleetHub
{
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
}
