using System.Collections.Immutable;
using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Control.Fleet;

/// <summary>A route with every release it names: a gateway needs nothing else to serve it.</summary>
public sealed record PublishedRoute(Route Route, ImmutableArray<Release> Releases);

/// <summary>How far one gateway is with one alias.</summary>
/// <param name="AckedAt">When it acknowledged, by the control plane's clock.</param>
public sealed record GatewayProgress(string Gateway, long Epoch, long Generation, DateTimeOffset AckedAt);
