using System.Net;
using Backstop.Control.Access;
using Backstop.Control.Api;
using Backstop.Control.Cluster;
using Backstop.Control.Fleet;
using Backstop.Control.Gates;
using Backstop.Control.Incidents;
using Backstop.Control.Mlflow;
using Backstop.Control.Notifications;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;

namespace Backstop.Control.Hosting;

/// <summary>Puts the control plane into a host.</summary>
public static class ControlHosting
{
    /// <summary>Adds the store, the silo, the fleet hub and everything between them.</summary>
    public static TBuilder AddControl<TBuilder>(this TBuilder builder, ControlOptions options)
        where TBuilder : IHostApplicationBuilder
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(_ => DurableStore.At(options.Store ?? new StoreAddress.Sqlite(options.DataDirectory)));
        services.AddSingleton<AliasStore>();
        services.AddSingleton<ReleaseStore>();
        services.AddSingleton<ComponentStore>();
        services.AddSingleton<EvidenceStore>();
        services.AddSingleton<FleetHub>();
        services.AddSingleton<GatewayRoster>()
            .AddSingleton<DropLedger>();
        services.AddSingleton<Publisher>();
        services.AddSingleton<Deliveries>();
        services.AddSingleton<WarmthProbe>();
        services.AddSingleton<RolloutEffects>();
        services.AddSingleton<GateStore>();
        services.AddSingleton<SuiteResultStore>();
        services.AddSingleton<GateRunner>();
        services.AddSingleton<GateFolder>();
        services.AddSingleton<Gatekeeper>();
        services.AddSingleton<SampleShelf>();
        services.AddSingleton<ChangeLedger>();
        services.AddSingleton<MonitorStore>();
        services.AddSingleton<IncidentBook>();
        services.AddSingleton<Prover>();
        services.AddSingleton<AblationRunner>();
        services.AddSingleton<Learner>();
        services.AddSingleton<MatrixRunner>();
        services.AddSingleton<AliasQueries>();
        services.AddSingleton<AliasTime>();
        services.AddSingleton<ApiDocument>();
        services.AddSingleton<AnswerShelf>();
        services.AddSingleton<ModelNotes>().AddSingleton<ModelViews>();
        services.AddAccess(options.Oidc);
        services.AddTransient<IStartupFilter, RoutingProblems>();
        services.AddGrpc();

        // Hosted services start in this order: store and silo beside each other, then the grains; the listeners open last.
        services.AddSingleton<StoreStart>();
        services.AddHostedService(s => s.GetRequiredService<StoreStart>());
        builder.UseOrleans(silo =>
        {
            silo.Configure<GrainCollectionOptions>(o => o.CollectionAge = TimeSpan.FromHours(2));
            if (options.Store is StoreAddress.Postgres)
            {
                silo.JoinCluster(options);
            }
            else
            {
                // Ports that nobody has: several servers may run on one machine.
                var (siloPort, gatewayPort) = (FreePort.At(IPAddress.Loopback), FreePort.At(IPAddress.Loopback));
                silo.UseLocalhostClustering(siloPort, gatewayPort, serviceId: "backstop", clusterId: $"backstop-{siloPort}");
            }
        });
        services.AddHostedService<GrainStart>();
        services.AddHostedService<RestWatch>();
        services.AddSingleton<Leases>();
        services.AddSingleton<Courier>();
        services.AddSingleton<Outbox>();
        services.AddSingleton<Notifier>();
        services.AddHostedService(s => s.GetRequiredService<Notifier>());
        if (options.Store is StoreAddress.Postgres)
        {
            services.AddHostedService<Peers>();
            services.AddHostedService<StoreWatch>();
        }

        return builder;
    }

    /// <summary>Maps the fleet stream and the REST API.</summary>
    public static IEndpointRouteBuilder MapControl(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<FleetService>();
        var api = endpoints.MapGroup("/api/v1").AddEndpointFilter<ProblemFilter>().AddEndpointFilter<AccessFilter>().AddEndpointFilter<StrictQuery>().AddEndpointFilter<OncePerKey>().AddEndpointFilter<IfMatch>().AllMustDeclare();
        ReleaseEndpoints.Map(api);
        ComponentEndpoints.Map(api);
        AliasEndpoints.Map(api);
        AliasRuleEndpoints.Map(api);
        DrillEndpoints.Map(api);
        TrafficEndpoints.Map(api);
        MitigationEndpoints.Map(api);
        WarmSetEndpoints.Map(api);
        RolloutEndpoints.Map(api);
        JournalEndpoints.Map(api);
        IncidentEndpoints.Map(api);
        MonitorEndpoints.Map(api);
        ChangeEndpoints.Map(api);
        GateEndpoints.Map(api);
        SuiteResultEndpoints.Map(api);
        ProbeEndpoints.Map(api);
        KeyEndpoints.Map(api);
        ApiDocument.Map(api);
        MlflowEndpoints.Map(endpoints.MapGroup("/api/2.0/mlflow").AddEndpointFilter<MlflowErrors>().AddEndpointFilter<AccessFilter>().AllMustDeclare());
        GatewayEndpoints.Map(api);
        NotificationEndpoints.Map(api);
        return endpoints;
    }

    /// <summary>Where pages for people are mapped: only for those who may look at everything.</summary>
    public static IEndpointRouteBuilder MapPages(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGroup("").AddEndpointFilter<ProblemFilter>().AddEndpointFilter<AccessFilter>().Needs(Scope.Read, Reach.Everything);
}
