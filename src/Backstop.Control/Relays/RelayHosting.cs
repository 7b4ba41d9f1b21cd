using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Relays;

/// <summary>Puts a relay into a host.</summary>
public static class RelayHosting
{
    /// <summary>Adds its parts.</summary>
    /// <param name="controls">Where the fleet streams of the control planes listen.</param>
    /// <param name="tls">What to show them, and what to ask of them, where the address is https.</param>
    public static IServiceCollection AddRelay(this IServiceCollection services, IReadOnlyList<Uri> controls, SslClientAuthenticationOptions? tls)
    {
        services.AddGrpc();
        return services.AddSingleton(_ => new RelayedControls(controls, tls));
    }

    /// <summary>Maps the fleet stream.</summary>
    public static void MapRelay(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<FleetRelay>();
}
