using System.Collections.Immutable;
using Backstop.Protocol;
using Release = Backstop.Core.Registry.Release;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Control.Fleet;

/// <summary>A route with every release it names: a gateway needs nothing else to serve it.</summary>
public sealed record PublishedRoute(Route Route, ImmutableArray<Release> Releases)
{
    // Made once for however many gateways.
    private readonly Protocol.Route _route = Route.ToMessage();
    private readonly ImmutableArray<Protocol.Release> _releases = [.. Releases.Select(r => r.ToMessage())];

    /// <summary>The message that tells it.</summary>
    public Protocol.RouteUpdate ToMessage(ulong nonce = 0) => new() { Nonce = nonce, Route = _route, Releases = { _releases } };
}

/// <summary>How far one gateway is with one alias.</summary>
/// <param name="AckedAt">When it acknowledged, by the control plane's clock.</param>
public sealed record GatewayProgress(string Gateway, long Epoch, long Generation, DateTimeOffset AckedAt);
