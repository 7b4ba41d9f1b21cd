using System.Collections.Immutable;
using System.Net;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Control.Access;
using Backstop.Control.Store;
using Backstop.Core.Notifications;
using Backstop.Core.Text;
using Backstop.Gateway.Fleet;

namespace Backstop.Hosting;

/// <summary>Which half of Backstop a process is.</summary>
internal enum ServeRole
{
    All,
    Control,
    Gateway,

    /// <summary>Carries the fleet streams of a region's gateways to the control planes.</summary>
    Relay,
}

/// <summary>Everything <c>backstop serve</c> is told, checked.</summary>
/// <param name="Http">Where applications and operators call.</param>
/// <param name="Fleet">Where gateways connect; unused by a gateway that runs alone.</param>
/// <param name="DataDirectory">Holds the store and the gateway's last route table.</param>
/// <param name="Role">Which half this process is.</param>
/// <param name="Control">The fleet address the gateway dials.</param>
/// <param name="GatewayId">The gateway's name in acknowledgements; the same after a restart.</param>
/// <param name="Store">Where the control plane keeps the durable truth.</param>
internal sealed record ServeOptions(
    IPEndPoint Http, IPEndPoint Fleet, string DataDirectory, ServeRole Role, ControlAddress[] Control, string GatewayId, StoreAddress Store)
{
    /// <summary>Names the store when the command line does not: a password there could be read by every user of the machine.</summary>
    public const string StoreVariable = "BACKSTOP_STORE";

    /// <summary>Where other control planes on the same PostgreSQL reach this one; null when all run on this machine.</summary>
    public IPEndPoint? Cluster { get; init; }

    /// <summary>Whether the gateway writes a line for every request.</summary>
    public bool AccessLog { get; init; }

    /// <inheritdoc cref="Gateway.GatewayOptions.ModelFolder"/>
    public string? ModelFolder { get; init; }

    /// <inheritdoc cref="Gateway.GatewayOptions.OnnxFolder"/>
    public string? OnnxFolder { get; init; }

    /// <inheritdoc cref="Gateway.GatewayOptions.DrainDelay"/>
    public TimeSpan DrainDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <inheritdoc cref="Gateway.GatewayOptions.DrainDeadline"/>
    public TimeSpan DrainDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where callers find it.</summary>
    public string Address => $"{(Tls is null ? "http" : "https")}://{Http}";

    /// <summary>The certificate that callers see; null for plain HTTP.</summary>
    public CertificateFiles? Tls { get; init; }

    /// <summary>How gateways and control know each other; null where they share a machine.</summary>
    public MutualTls? FleetTls { get; init; }

    /// <summary>Whose tokens are believed, besides keys.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>Who is told of incidents.</summary>
    public ImmutableArray<Destination> Receivers { get; init; } = [];

    /// <summary>Where the gateway is: it prefers control planes and relays of the same zone.</summary>
    public string Zone { get; init; } = "";

    public bool RunsControl => Role is ServeRole.All or ServeRole.Control;

    public bool RunsGateway => Role is ServeRole.All or ServeRole.Gateway;

    /// <summary>Whether gateways connect to it.</summary>
    public bool HoldsStreams => Role is not ServeRole.Gateway;

    /// <summary>Checks what was written on the command line.</summary>
    /// <exception cref="CommandFailure">An option is wrong; the message names it.</exception>
    public static ServeOptions From(ServeWords words)
    {
        if (!Enum.TryParse<ServeRole>(words.Role, ignoreCase: true, out var role) || !Enum.IsDefined(role))
        {
            throw CommandFailure.Usage($"--role '{words.Role}' is not known: use all, control, gateway or relay.{Suggestion.For(words.Role, ["all", "control", "gateway", "relay"])}");
        }

        var http = ListenAddress.WithPort(ListenAddress.Parse("--http", words.Http));
        var fleet = ListenAddress.WithPort(ListenAddress.Parse("--fleet", words.Fleet));
        if (http.Equals(fleet) && role is not ServeRole.Gateway)
        {
            throw CommandFailure.Usage($"--http and --fleet are both {http}: give the fleet stream a port of its own.");
        }

        var mutual = MutualFrom(words);
        if (mutual is null && role is not ServeRole.Gateway && ListenAddress.IsPublic(fleet))
        {
            throw CommandFailure.Usage(
                $"--fleet '{words.Fleet}' can be reached from other machines, and whoever connects there is taken for a gateway: " +
                "give --fleet-certificate, --fleet-key and --fleet-ca, so that each side must show a certificate.");
        }

        var id = words.GatewayId ?? "gateway-1";
        if (!Names.IsValid(id))
        {
            throw CommandFailure.Usage($"--gateway-id '{id}' is not a name: use 1 to 100 letters, digits, '.', '-' or '_'.");
        }

        if (words.Zone is { } zone && (!Names.IsValid(zone) || role is ServeRole.Control or ServeRole.Relay))
        {
            throw CommandFailure.Usage(role is ServeRole.Control or ServeRole.Relay
                ? "--zone is for gateways: say with --control in which zone a control plane or relay is, as ZONE=ADDRESS."
                : $"--zone '{zone}' is not a name: use 1 to 100 letters, digits, '.', '-' or '_'.");
        }

        var directory = DirectoryFrom(words.Data);
        return new(http, fleet, directory, role, ControlFrom(words.Control, role, fleet, mutual), id, StoreFrom(words.Store, role, directory))
        {
            Tls = Both("--tls-certificate", words.TlsCertificate, "--tls-key", words.TlsKey) ? new("--tls-certificate", words.TlsCertificate!, words.TlsKey!) : null,
            FleetTls = mutual,
            Cluster = ClusterFrom(words, role, mutual),
            Zone = words.Zone ?? "",
            Oidc = OidcFrom(words, role),
            Receivers = ReceiversFrom(words.Notify, role),
        };
    }

    private static MutualTls? MutualFrom(ServeWords words) =>
        Both("--fleet-certificate", words.FleetCertificate, "--fleet-key", words.FleetKey)
        | Both("--fleet-certificate", words.FleetCertificate, "--fleet-ca", words.FleetAuthority)
            ? MutualTls.From(words.FleetCertificate!, words.FleetKey!, words.FleetAuthority!)
            : null;

    private static bool Both(string option, string? value, string otherOption, string? other) => (value, other) switch
    {
        (null, null) => false,
        (not null, not null) => true,
        _ => throw CommandFailure.Usage($"{(value is null ? option : otherOption)} is missing: {option} and {otherOption} go together."),
    };

    private static OidcOptions? OidcFrom(ServeWords words, ServeRole role)
    {
        var oidc = OidcWords.Read(words.OidcIssuer, words.OidcAudience, words.OidcClaim, words.OidcRoles);
        return oidc is null || IsControl(role)
            ? oidc
            : throw CommandFailure.Usage($"--oidc-issuer is not for --role {Word(role)}: tokens open the control plane; models are called with keys.");
    }

    private static IPEndPoint? ClusterFrom(ServeWords words, ServeRole role, MutualTls? mutual)
    {
        if (words.Cluster is null)
        {
            return null;
        }

        if (!IsControl(role))
        {
            throw CommandFailure.Usage($"--cluster is not for --role {Word(role)}: control planes are followed by their fleet streams; name those with --control.");
        }

        var cluster = ListenAddress.Parse("--cluster", words.Cluster);
        if (cluster.Address.Equals(IPAddress.Any) || cluster.Address.Equals(IPAddress.IPv6Any))
        {
            throw CommandFailure.Usage($"--cluster '{words.Cluster}' names no machine: write the address at which the other control planes reach this one, such as 10.0.0.5:8091.");
        }

        return ListenAddress.IsPublic(cluster) && mutual is null
            ? throw CommandFailure.Usage(
                $"--cluster '{words.Cluster}' can be reached from other machines, and whoever connects there is taken for a control plane: " +
                "give --fleet-certificate, --fleet-key and --fleet-ca, so that each side must show a certificate.")
            : cluster;
    }

    private static bool IsControl(ServeRole role) => role is ServeRole.All or ServeRole.Control;

    private static string Word(ServeRole role) => role is ServeRole.Relay ? "relay" : "gateway";

    private static ControlAddress[] ControlFrom(string? control, ServeRole role, IPEndPoint fleet, MutualTls? mutual)
    {
        var scheme = mutual is null ? "http" : "https";
        if (control is null)
        {
            return !IsControl(role)
                ? throw CommandFailure.Usage($"--control is missing: a {Word(role)} that runs alone needs the fleet address of the control plane, such as http://127.0.0.1:8081.")
                : [new(new($"{scheme}://{Near(fleet)}"))];
        }

        if (IsControl(role))
        {
            throw CommandFailure.Usage("--control is only for --role gateway and --role relay: with --role all the gateway dials the control plane beside it.");
        }

        return [.. control.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(one => OneOf(one, scheme, mutual)) is var all && all.Any()
            ? all
            : throw CommandFailure.Usage("--control is empty: write the fleet addresses of the control planes, such as http://127.0.0.1:8081.")];
    }

    // ZONE=ADDRESS, or an address alone. An address holds no '=' before its scheme.
    private static ControlAddress OneOf(string written, string scheme, MutualTls? mutual)
    {
        var mark = written.IndexOf('=', StringComparison.Ordinal);
        var isZoned = mark >= 0 && mark < written.IndexOf("://", StringComparison.Ordinal);
        var (zone, control) = isZoned ? (written[..mark], written[(mark + 1)..]) : ("", written);
        return !isZoned || Names.IsValid(zone)
            ? new(AddressOf(control, scheme, mutual), zone)
            : throw CommandFailure.Usage($"--control '{written}': '{zone}' is not the name of a zone; write ZONE=ADDRESS, such as eu-1=https://relay.eu:8081.");
    }

    private static Uri AddressOf(string control, string scheme, MutualTls? mutual)
    {
        if (!Uri.TryCreate(control, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw CommandFailure.Usage($"--control '{control}' is not an address: write one such as https://control.internal:8081.");
        }

        return uri.Scheme != scheme
            ? throw CommandFailure.Usage(mutual is null
                ? $"--control '{control}' is https: give --fleet-certificate, --fleet-key and --fleet-ca, which control asks for."
                : $"--control '{control}' is plain http, and would not be asked for its certificate: write https.")
            : uri.IsLoopback || mutual is not null
                ? uri
                : throw CommandFailure.Usage(
                    $"--control '{control}' is on another machine: write https, and give --fleet-certificate, --fleet-key and --fleet-ca, so that each side must show a certificate.");
    }

    // What listens everywhere is dialled here.
    private static IPEndPoint Near(IPEndPoint fleet) =>
        fleet.Address.Equals(IPAddress.Any) ? new(IPAddress.Loopback, fleet.Port)
        : fleet.Address.Equals(IPAddress.IPv6Any) ? new(IPAddress.IPv6Loopback, fleet.Port)
        : fleet;

    private static StoreAddress StoreFrom(string? store, ServeRole role, string directory)
    {
        if (store is not null && !IsControl(role))
        {
            throw CommandFailure.Usage($"--store is not for --role {Word(role)}: only the control plane has a store.");
        }

        var (source, url) = store is not null ? ("--store", store) : (StoreVariable, Environment.GetEnvironmentVariable(StoreVariable));
        try
        {
            return url is null or "" || !IsControl(role) ? new StoreAddress.Sqlite(directory) : StoreAddress.Parse(url);
        }
        catch (FormatException e)
        {
            throw CommandFailure.Usage($"{source}: {e.Message}");
        }
    }

    private static ImmutableArray<Destination> ReceiversFrom(string? file, ServeRole role)
    {
        if (file is null)
        {
            return [];
        }

        if (!IsControl(role))
        {
            throw CommandFailure.Usage($"--notify is not for --role {Word(role)}: the control plane tells of incidents.");
        }

        try
        {
            return Destination.Read(YamlManifest.Parse(File.ReadAllText(file)).ToJsonString());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw CommandFailure.Usage($"--notify {file}: {e.Message}");
        }
    }

    private static string DirectoryFrom(string data)
    {
        try
        {
            return Directory.CreateDirectory(data).FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandFailure.Usage($"--data '{data}' cannot be used: {e.Message}");
        }
    }
}
