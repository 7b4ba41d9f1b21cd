using System.ComponentModel.DataAnnotations;
using Backstop.Gateway.Access;
using Backstop.Gateway.Drops;
using Backstop.Gateway.Fleet;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Limits;
using Backstop.Gateway.Requests;
using Backstop.Gateway.RingService;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Signals;
using Backstop.Gateway.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Backstop.Gateway;

/// <summary>Puts a gateway into a host.</summary>
public static class GatewayHost
{
    /// <summary>Adds the gateway's parts.</summary>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public static IServiceCollection AddGateway(this IServiceCollection services, GatewayOptions options)
    {
        Validator.ValidateObject(options, new(options), validateAllProperties: true);
        Directory.CreateDirectory(options.DataDirectory);
        services.TryAddSingleton(TimeProvider.System);
        return services
            .AddTelemetry(options)
            .AddSingleton(options)
            .AddSingleton(new RouteFile(Path.Combine(options.DataDirectory, "routes.json")))
            .AddSingleton(new DropFile(options.DataDirectory))
            .AddSingleton(new KeyFile(Path.Combine(options.DataDirectory, "keys.json")))
            .AddSingleton<LiveKeys>()
            .AddSingleton<LiveRoutes>()
            .AddSingleton<Drain>()
            .AddSingleton<WholeGateway>()
            .AddSingleton<GuardTelemetry>()
            .AddSingleton(new ModelShelf(
                options.GuardPolicies.Values,
                new ModelFolder(options.ModelFolder ?? Path.Combine(options.DataDirectory, "models")).Read,
                () => ModelPlugin.Load(options.OnnxFolder ?? Path.Combine(AppContext.BaseDirectory, "onnx"))))
            .AddSingleton<OutsideGuards>()
            .AddSingleton<Upstream>()
            .AddSingleton<Hedge>()
            .AddSingleton<WholeAnswer>()
            .AddSingleton<StreamedAnswer>()
            .AddSingleton<SignalRecorder>()
            .AddSingleton<Scoring>()
            .AddSingleton<JudgeServer>()
            .AddSingleton<JudgeQueue>()
            .AddHostedService(provider => provider.GetRequiredService<JudgeQueue>())
            .AddSingleton<RequestTimes>()
            .AddSingleton<Entrance>()
            .AddSingleton<Dispatch>()
            .AddSingleton<RequestPath>()
            .AddSingleton<IStartupFilter, FrontDoor>()
            .AddSingleton<FeedbackEndpoint>()
            .AddSingleton<InferenceEndpoints>()
            .AddSingleton<RingDirectory>()
            .AddSingleton<RingEndpoints>()
            .Configure<HostOptions>(host => host.ShutdownTimeout = Drain.LongestStop(options))
            .AddHostedService(provider => provider.GetRequiredService<Drain>())
            .AddSingleton<WarmUp>()
            .AddHostedService(provider => provider.GetRequiredService<WarmUp>())
            .AddSingleton<Readiness>()
            .AddHostedService<DropWatch>()
            .AddHostedService<HealthWatch>()
            .AddSingleton<FleetClient>()
            .AddHostedService(provider => provider.GetRequiredService<FleetClient>())
            .AddSingleton<Shadows.ShadowQueue>()
            .AddHostedService(provider => provider.GetRequiredService<Shadows.ShadowQueue>());
    }

    /// <summary>Maps the gateway's addresses.</summary>
    public static IEndpointRouteBuilder MapGateway(this IEndpointRouteBuilder endpoints)
    {
        var path = endpoints.ServiceProvider.GetRequiredService<RequestPath>();
        var feedback = endpoints.ServiceProvider.GetRequiredService<FeedbackEndpoint>();
        var routes = endpoints.ServiceProvider.GetRequiredService<LiveRoutes>();
        var keys = endpoints.ServiceProvider.GetRequiredService<LiveKeys>();
        var readiness = endpoints.ServiceProvider.GetRequiredService<Readiness>();
        FrontDoor.Map(endpoints, path);
        endpoints.MapPost("/v1/feedback", feedback.Label);
        endpoints.MapPost("/v1/signals", feedback.Score);
        ModelsEndpoint.Map(endpoints, keys, routes);

        // Also what has the right address and the wrong method ends here, in the form clients of this API can read.
        endpoints.MapFallback("/v1/{**address}", (HttpContext http) =>
        {
            http.Response.Headers["x-request-id"] = RequestId.Of(http.Request);
            return http.Refuse(ApiError.UnknownAddress());
        });
        endpoints.ServiceProvider.GetRequiredService<InferenceEndpoints>().Map(endpoints, path);
        endpoints.ServiceProvider.GetRequiredService<RingEndpoints>().Map(endpoints);
        endpoints.MapGet("/healthz", () => Results.Text("ok"));
        endpoints.MapGet("/readyz", () => readiness.Hindrance is { } hindrance ? Results.Text(hindrance, statusCode: 503) : Results.Text("ready"));
        endpoints.MapTelemetry();
        return endpoints;
    }
}
