using Backstop.Gateway.Observability;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Backstop.Gateway;

/// <summary>Where what a gateway tells of itself goes.</summary>
internal static class TelemetryHosting
{
    /// <summary>Measurements for Prometheus; and where OpenTelemetry's own variable names a collector, they and the spans go there too.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, GatewayOptions options)
    {
        var telemetry = services.AddSingleton<Telemetry>().AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("backstop-gateway", serviceInstanceId: options.GatewayId))
            .WithMetrics(metrics => metrics.AddMeter(Telemetry.Name).AddPrometheusExporter());
        if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 })
        {
            telemetry.WithTracing(traces => traces.AddSource(Telemetry.Name).AddOtlpExporter()).WithMetrics(metrics => metrics.AddOtlpExporter());
        }

        return services;
    }

    /// <summary>Maps <c>/metrics</c>.</summary>
    public static void MapTelemetry(this IEndpointRouteBuilder endpoints) => endpoints.MapPrometheusScrapingEndpoint("/metrics");
}
