using System.Collections.Immutable;
using System.Net;
using Orleans.Connections.Security;
using Backstop.Control.Access;
using Backstop.Control.Store;
using Backstop.Core.Notifications;

namespace Backstop.Control;

/// <summary>What the control plane is told at start.</summary>
public sealed record ControlOptions
{
    /// <summary>Holds <c>backstop.db</c> unless <see cref="Store"/> is elsewhere. It is made when it is missing.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where the durable truth is kept; null for SQLite in <see cref="DataDirectory"/>.</summary>
    public StoreAddress? Store { get; init; }

    /// <summary>
    /// Where other control planes on the same PostgreSQL reach this one; null for a free port that only this machine can reach. A store
    /// in SQLite has one control plane.
    /// </summary>
    public IPEndPoint? Cluster { get; init; }

    /// <summary>
    /// Names this control plane among those of one machine, the same after a restart: the address of its fleet stream is good for that.
    /// Null for a name of its own at every start.
    /// </summary>
    public string? NodeName { get; init; }

    /// <summary>How control planes know each other; null where they share a machine.</summary>
    public Action<TlsOptions>? ClusterTls { get; init; }

    /// <summary>Whose tokens are believed; null for nobody's.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>Who is told of incidents.</summary>
    public ImmutableArray<Destination> Receivers { get; init; } = [];

    /// <summary>Shortest time between two judgements of one alias. Shorter decides sooner and costs more arithmetic. 250 ms by default.</summary>
    public TimeSpan JudgeInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Time between two stored states of an alias's evidence; gateways keep a batch until it is stored. 1 s by default.
    /// </summary>
    public TimeSpan EvidenceInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long one replica may take to answer a warm-up request: the first answer of a cold model is slow. 30 s by default.</summary>
    public TimeSpan WarmthTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two warm-up requests, and bursts, to the release that an alias would return to. 5 minutes by default.</summary>
    public TimeSpan StandbyInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time between two looks at which releases are needed, where servers may rest. 5 s by default.</summary>
    public TimeSpan RestInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a batch may be under way: a rollback is verified on what gateways reported after its window and this. 500 ms by default.
    /// </summary>
    public TimeSpan ReportDelay { get; init; } = TimeSpan.FromMilliseconds(500);
}
