using Backstop.Control.Registry;
using Backstop.Core.Registry;

namespace Backstop.Control.Fleet;

/// <summary>Turns alias rows into routes with their releases and hands them to the hub.</summary>
public sealed class Publisher(FleetHub hub, ReleaseStore releases)
{
    /// <summary>Publishes a row that is durable. Again or late does no harm.</summary>
    /// <remarks>
    /// What a rollback returns to was named by the route before it, and is taken from there: once it is decided, it waits for no
    /// store, and the death of one in that moment does not hold it up.
    /// </remarks>
    public async Task Publish(AliasRecord alias)
    {
        var route = alias.ToRoute();
        var held = hub.Releases(alias.Name);
        var named = await Task.WhenAll(route.Releases().Select(digest =>
            held.FirstOrDefault(r => r.Digest == digest) is { } known ? Task.FromResult(known) : releases.Get(digest)));
        hub.Publish(new(route, [.. named]));
    }
}
