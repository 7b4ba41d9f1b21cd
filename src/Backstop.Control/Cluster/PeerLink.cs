using System.Threading.Channels;
using Backstop.Protocol;

namespace Backstop.Control.Cluster;

/// <summary>What is on its way to one other control plane: the latest word about each thing, and no queue.</summary>
internal sealed class PeerLink
{
    private readonly Lock _gate = new();
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<string, GatewayNews> _gateways = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RouteUpdate> _routes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LeaseRenewal> _leases = new(StringComparer.Ordinal);

    /// <summary>Something happened here.</summary>
    public void Offer(PeerNews news)
    {
        lock (_gate)
        {
            foreach (var gateway in news.Gateways)
            {
                Merge(gateway);
            }

            foreach (var route in news.Routes)
            {
                _routes[route.Route.Alias] = route;
            }

            foreach (var lease in news.Leases)
            {
                _leases[lease.Alias] = lease;
            }
        }

        _news.Writer.TryWrite(true);
    }

    /// <summary>Takes all that waits.</summary>
    public PeerNews Take()
    {
        lock (_gate)
        {
            var news = new PeerNews { Gateways = { _gateways.Values }, Routes = { _routes.Values }, Leases = { _leases.Values } };
            _gateways.Clear();
            _routes.Clear();
            _leases.Clear();
            return news;
        }
    }

    /// <summary>Waits until there is something to say, at most so long.</summary>
    public async Task WaitForNews(TimeSpan longest, TimeProvider clock, CancellationToken cancel)
    {
        using var late = new CancellationTokenSource(longest, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            await _news.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Nothing new: that is worth saying too.
        }
    }

    private void Merge(GatewayNews news)
    {
        if (_gateways.TryGetValue(news.GatewayId, out var waiting) && waiting.Visit == news.Visit)
        {
            waiting.Connected = news.Connected;
            waiting.Applied.AddRange(news.Applied); // Later ones count: the reader takes the highest.
        }
        else
        {
            _gateways[news.GatewayId] = news.Clone();
        }
    }
}
