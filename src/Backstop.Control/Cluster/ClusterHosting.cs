using System.Net;
using Backstop.Control.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.Hosting;

namespace Backstop.Control.Cluster;

/// <summary>Makes a control plane one of many on the same PostgreSQL.</summary>
internal static class ClusterHosting
{
    /// <summary>Joins the others, or begins alone.</summary>
    public static void JoinCluster(this ISiloBuilder silo, ControlOptions options)
    {
        var address = options.Cluster ?? new IPEndPoint(IPAddress.Loopback, 0);
        silo.ConfigureEndpoints(address.Address, address.Port == 0 ? FreePort.At(address.Address) : address.Port, gatewayPort: 0);
        silo.Configure<ClusterOptions>(o => (o.ServiceId, o.ClusterId) = ("backstop", "backstop"));
        silo.Configure<SiloOptions>(o => o.SiloName = options.NodeName ?? $"control-{Guid.NewGuid():N}");
        silo.Configure<ClusterMembershipOptions>(Tune);
        silo.Services.AddSingleton<IMembershipTable, StoreMembership>();
        silo.Services.AddPlacementDirector<NodePlacement, NodePlacementDirector>();
        if (options.ClusterTls is { } tls)
        {
            silo.UseTls(tls);
        }
    }

    /// <summary>
    /// A control plane that does not answer is missed after about a second and a half, so that another one can take up its rollbacks, and it takes
    /// two others to say so where there are two. Orleans' own settings wait for about thirteen.
    /// </summary>
    /// <remarks>
    /// Orleans believes nobody dead whose connection brought anything within the most that a probe may take, times the misses: 1.4
    /// seconds here. That decides how soon one is missed that stands still, and how long a pause may be that is not taken for death;
    /// bench/failover/run measures both.
    /// </remarks>
    private static void Tune(ClusterMembershipOptions membership)
    {
        membership.ProbeTimeout = TimeSpan.FromMilliseconds(400);
        membership.MinProbeTimeout = TimeSpan.FromMilliseconds(400);
        membership.MaxProbeTimeout = TimeSpan.FromMilliseconds(700);
        membership.NumMissedProbesLimit = 2;
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2);
        membership.NumMissedTableIAmAliveLimit = 3;
        membership.MaxJoinAttemptTime = TimeSpan.FromSeconds(30);
    }
}
