using Backstop.Core.Routing;

namespace Backstop.Simulation.Fleets;

/// <summary>Control's end of the fleet streams: who is connected, what they acknowledged, and what they still need.</summary>
internal sealed class SimulatedHub(World world, DurableStore store)
{
    // In the order in which they came, so that a run repeats; and by name, because every message looks one up.
    private readonly List<Known> _gateways = [];
    private readonly Dictionary<string, Known> _byId = new(StringComparer.Ordinal);
    private long _pushed;

    /// <summary>What a new process knows: which gateways there are, and nothing about what they serve.</summary>
    public SimulatedHub AfterCrash()
    {
        var next = new SimulatedHub(world, store);
        foreach (var known in _gateways)
        {
            next.Add(new(known.Gateway) { VanishedAt = world.Now });
        }

        return next;
    }

    /// <summary>A gateway opened a stream and says what it serves.</summary>
    public void Connect(SimulatedGateway gateway, long stream, long generation)
    {
        var known = Find(gateway.Id);
        if (known is null)
        {
            Add(known = new(gateway));
        }
        else if (stream <= known.Stream)
        {
            return; // A hello that was doubled or overtaken by its successor.
        }

        (known.Stream, known.IsConnected, known.Acked, known.Behind) = (stream, true, generation, TimeSpan.MaxValue);
        if (world.Options.Bug != SeededBug.NeverRepeatsAPush || store.Alias.Generation == 1)
        {
            Offer(known);
        }
    }

    /// <summary>A stream ended. What the gateway serves is unknown from now on.</summary>
    public void Disconnect(string gateway, long stream)
    {
        if (Find(gateway) is { IsConnected: true } known && known.Stream == stream)
        {
            (known.IsConnected, known.VanishedAt) = (false, world.Now);
        }
    }

    /// <summary>Whether this stream is open at this end. Messages of another one are lost.</summary>
    public bool Hears(SimulatedGateway gateway, long stream) =>
        Find(gateway.Id) is { IsConnected: true } known && known.Stream == stream;

    /// <summary>A message arrived. By how much its gateway's clock is behind, as the fastest message of the stream tells; null when the stream is over.</summary>
    public TimeSpan? Heard(SimulatedGateway gateway, long stream, DateTimeOffset sentAt)
    {
        if (!Hears(gateway, stream))
        {
            return null;
        }

        var known = Find(gateway.Id)!;
        return known.Behind = world.Now - sentAt < known.Behind ? world.Now - sentAt : known.Behind;
    }

    /// <summary>A gateway serves a generation.</summary>
    public bool Acked(SimulatedGateway gateway, long stream, long generation)
    {
        if (!Hears(gateway, stream))
        {
            return false;
        }

        var known = Find(gateway.Id)!;
        known.Acked = Math.Max(known.Acked, generation);
        return true;
    }

    /// <summary>Whether every gateway that can serve the alias has its generation.</summary>
    public bool HasConverged()
    {
        // A lease ends a candidate and nothing else: who was told of a promoted release serves it until it is told otherwise.
        var leaseEndsIt = store.Rollout is not { Promoted: true, Abort: not null } || world.Options.Bug == SeededBug.TrustsTheAway;
        return _gateways.All(g => g.Acked >= store.Alias.Generation
            || (leaseEndsIt && !g.IsConnected && world.Now - g.VanishedAt >= store.Alias.CandidateLease));
    }

    /// <summary>Sends the row to everybody.</summary>
    public void Push()
    {
        var again = _pushed == store.Alias.Generation;
        _pushed = store.Alias.Generation;
        if (!again || world.Options.Bug != SeededBug.NeverRepeatsAPush)
        {
            _gateways.ForEach(Offer);
        }
    }

    /// <summary>Sends the row again to those who have not acknowledged it.</summary>
    public void OfferMissing()
    {
        if (world.Options.Bug != SeededBug.NeverRepeatsAPush)
        {
            _gateways.ForEach(Offer);
        }
    }

    /// <summary>Lets every gateway go on exposing the candidate.</summary>
    public void RenewLeases()
    {
        var generation = store.Alias.Generation;
        foreach (var known in _gateways.Where(g => g.IsConnected))
        {
            var stream = known.Stream;
            Send(known.Gateway, stream, () => known.Gateway.OnLease(stream, generation));
        }
    }

    /// <summary>Sends a message down a stream; it is lost when the stream is over.</summary>
    public void Send(SimulatedGateway gateway, long stream, Func<bool> deliver)
    {
        if (!Hears(gateway, stream))
        {
            return;
        }

        world.Network.Send(gateway.Id, $"down {gateway.Id} {stream}", deliver, () =>
        {
            Disconnect(gateway.Id, stream);
            gateway.OnBroken(stream);
        });
    }

    private void Offer(Known known)
    {
        if (known.Acked >= store.Alias.Generation)
        {
            return;
        }

        var (stream, route) = (known.Stream, store.Alias.ToRoute());
        var releases = route.Releases().Select(world.ReleaseOf).ToArray();
        Send(known.Gateway, stream, () => known.Gateway.OnRoute(stream, route, releases));
    }

    private void Add(Known known)
    {
        _gateways.Add(known);
        _byId.Add(known.Gateway.Id, known);
    }

    private Known? Find(string gateway) => _byId.GetValueOrDefault(gateway);

    private sealed class Known(SimulatedGateway gateway)
    {
        public SimulatedGateway Gateway => gateway;

        public long Stream { get; set; }

        public bool IsConnected { get; set; }

        public DateTimeOffset VanishedAt { get; set; }

        public long Acked { get; set; }

        public TimeSpan Behind { get; set; }
    }
}
