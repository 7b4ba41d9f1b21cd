using Backstop.Control.Registry;
using Backstop.Core.Registry;

namespace Backstop.Control.Fleet;

/// <summary>Turns alias rows into routes with their releases and hands them to the hub.</summary>
public sealed class Publisher(FleetHub hub, ReleaseStore releases)
{
    /// <summary>Publishes a row that is durable. Again or late does no harm.</summary>
    public async Task Publish(AliasRecord alias)
    {
        var route = alias.ToRoute();
        var named = await Task.WhenAll(route.Releases().Select(releases.Get));
        hub.Publish(new(route, [.. named]));
    }
}
