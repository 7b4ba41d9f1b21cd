using Backstop.Core.Routing;

namespace Backstop.Control.Fleet;

/// <summary>What <see cref="FleetHub"/> knows of one gateway.</summary>
internal sealed class GatewayState
{
    /// <summary>Its stream, when it is connected here.</summary>
    public GatewayLink? Link { get; set; }

    /// <summary>The other control plane that it is connected to, or null.</summary>
    public string? Node { get; set; }

    public bool IsConnected => Link is not null || Node is not null;

    /// <summary>Names its last connection; a later one is greater.</summary>
    public required string Visit { get; init; }

    /// <summary>A timestamp, not a time: setting the clock forward must not end anybody's lease.</summary>
    public long VanishedAt { get; set; }

    /// <summary>The same moment as a time, for questions about what it can have heard before it left.</summary>
    public DateTimeOffset LeftAt { get; set; }

    public Dictionary<string, GatewayProgress> Acked { get; } = new(StringComparer.Ordinal);

    public bool Has(Route route) => Serves(route.Alias, route.Epoch, route.Generation);

    public bool Serves(string alias, long epoch, long generation) =>
        Acked.TryGetValue(alias, out var acked) && (acked.Epoch, acked.Generation).CompareTo((epoch, generation)) >= 0;
}
