using Backstop.Control.Fleet;
using Backstop.Protocol;
using Google.Protobuf;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Backstop.Control.Cluster;

/// <summary>Tells every other control plane which gateways are connected here and what they acknowledged, and passes on routes and leases of the aliases owned here.</summary>
/// <remarks>
/// So that each knows the whole fleet, whichever of them owns an alias and whichever a gateway is connected to. All of it is
/// said again now and then, and routes can be read from the store too: nothing rests on a message that must not be lost.
/// </remarks>
internal sealed partial class Peers(
    FleetHub hub, IGrainFactory grains, IClusterMembershipService membership, ILocalSiloDetails self, TimeProvider clock, ILogger<Peers> log) : BackgroundService
{
    private static readonly TimeSpan WholeEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<SiloAddress, (PeerLink Link, CancellationTokenSource Ends, Task Talk)> _links = [];
    private PeerLink[] _all = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        hub.Told = news => Array.ForEach(Volatile.Read(ref _all), link => link.Offer(news));
        try
        {
            await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(stoppingToken))
            {
                await Follow([.. snapshot.Members.Values.Where(m => m.Status == SiloStatus.Active && !m.SiloAddress.Equals(self.SiloAddress)).Select(m => m.SiloAddress)], stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // This server stops.
        }
        finally
        {
            hub.Told = null;
            await Follow([], CancellationToken.None);
        }
    }

    private async Task Follow(HashSet<SiloAddress> active, CancellationToken stopping)
    {
        foreach (var (node, (_, ends, talk)) in _links.Where(l => !active.Contains(l.Key)).ToArray())
        {
            _links.Remove(node);
            await ends.CancelAsync();
            await talk;
            ends.Dispose();
            hub.Lost(node.ToParsableString());
        }

        foreach (var node in active.Where(node => !_links.ContainsKey(node)))
        {
            var (link, ends) = (new PeerLink(), CancellationTokenSource.CreateLinkedTokenSource(stopping));
            _links[node] = (link, ends, Task.Run(() => Talk(node, link, ends.Token), CancellationToken.None));
            Met(log, node);
        }

        Volatile.Write(ref _all, [.. _links.Values.Select(l => l.Link)]);
    }

    private async Task Talk(SiloAddress node, PeerLink link, CancellationToken cancel)
    {
        var (me, peer) = (self.SiloAddress.ToParsableString(), grains.GetGrain<INodeGrain>(node.ToParsableString()));
        long? wholeAt = null;
        while (!cancel.IsCancellationRequested)
        {
            var news = link.Take();
            if (wholeAt is not { } at || clock.GetElapsedTime(at) >= WholeEvery)
            {
                wholeAt = clock.GetTimestamp();
                news.MergeFrom(hub.Whole());
            }

            try
            {
                await peer.Hear(me, news.ToByteArray()).WaitAsync(cancel);
                await link.WaitForNews(Heartbeat, clock, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // It is told everything once it can be reached; that it is gone, the list of members will say.
                NotTold(log, node, e.Message);
                wholeAt = null;
                await Task.Delay(Retry, clock, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(3601, LogLevel.Information, "Control plane {Node} is there.")]
    private static partial void Met(ILogger logger, SiloAddress node);

    [LoggerMessage(3602, LogLevel.Warning, "Control plane {Node} could not be told of this one's gateways: {Reason}")]
    private static partial void NotTold(ILogger logger, SiloAddress node, string reason);
}
