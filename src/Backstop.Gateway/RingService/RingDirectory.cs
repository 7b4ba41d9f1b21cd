using System.Collections.Frozen;
using Backstop.Core.Guards;
using Backstop.Gateway.Routing;

namespace Backstop.Gateway.RingService;

/// <summary>The rings that another gateway may ask: one for each policy of this gateway's folder, and those of the releases it serves.</summary>
public sealed class RingDirectory(GatewayOptions options, LiveRoutes routes)
{
    /// <summary>The name under which the default policy is asked for, unless a file of that name takes its place.</summary>
    public const string Default = "default";

    private readonly FrozenDictionary<string, Ring> _rings = options.GuardPolicies
        .Append(KeyValuePair.Create(Default, GuardPolicy.Default))
        .DistinctBy(policy => policy.Key)
        .ToFrozenDictionary(policy => policy.Key, policy => Ring.Compile(policy.Value), StringComparer.Ordinal);

    /// <summary>The names of the policies, in order.</summary>
    public IEnumerable<string> Names => _rings.Keys.Order(StringComparer.Ordinal);

    internal Ring Require(string? name) => Find(name)
        ?? throw new RingRequestException($"There is no policy or alias '{name}'. GET /v1/guard/policies lists the policies.", "policy");

    /// <summary>The ring of a policy, or of the release that an alias serves now; null when there is neither.</summary>
    public Ring? Find(string? name)
    {
        if (_rings.TryGetValue(name ?? Default, out var ring))
        {
            return ring;
        }

        var table = routes.Current;
        return table.Routes.Routes.TryGetValue(name!, out var route) ? table.Pool(route.Current).RingFor(route).Ring : null;
    }
}
