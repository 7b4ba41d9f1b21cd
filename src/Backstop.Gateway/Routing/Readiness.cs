using Backstop.Gateway.Guards;

namespace Backstop.Gateway.Routing;

/// <summary>Whether whoever spreads traffic over gateways should send some here.</summary>
public sealed class Readiness(Drain drain, LiveRoutes routes, WarmUp warmUp)
{
    /// <summary>Why not, in words; null when it is ready.</summary>
    public string? Hindrance => (drain.HasBegun, routes.Current.Routes.Routes.Count, warmUp.IsOver) switch
    {
        (true, _, _) => "draining",
        (_, 0, _) => "waiting for the first route",
        (_, _, false) => "trying the checks",
        _ => null,
    };
}
