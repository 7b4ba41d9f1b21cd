using System.Net;
using Backstop.CommandLine;
using Backstop.Control.Store;
using Backstop.Core.Text;

namespace Backstop.Hosting;

/// <summary>Which half of Backstop a process is.</summary>
internal enum ServeRole
{
    All,
    Control,
    Gateway,
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
    IPEndPoint Http, IPEndPoint Fleet, string DataDirectory, ServeRole Role, Uri Control, string GatewayId, StoreAddress Store)
{
    /// <summary>Names the store when the command line does not: a password there could be read by every user of the machine.</summary>
    public const string StoreVariable = "BACKSTOP_STORE";

    /// <summary>Whether the gateway writes a line for every request.</summary>
    public bool AccessLog { get; init; }

    /// <inheritdoc cref="Gateway.GatewayOptions.DrainDelay"/>
    public TimeSpan DrainDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <inheritdoc cref="Gateway.GatewayOptions.DrainDeadline"/>
    public TimeSpan DrainDeadline { get; init; } = TimeSpan.FromSeconds(30);

    public bool RunsControl => Role is not ServeRole.Gateway;

    public bool RunsGateway => Role is not ServeRole.Control;

    /// <summary>Checks what was written on the command line.</summary>
    /// <exception cref="CommandFailure">An option is wrong; the message names it.</exception>
    public static ServeOptions From(string http, string fleet, string data, string role, string? control, string? gatewayId, string? store)
    {
        if (!Enum.TryParse<ServeRole>(role, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed))
        {
            throw CommandFailure.Usage($"--role '{role}' is not known: use all, control or gateway.{Suggestion.For(role, ["all", "control", "gateway"])}");
        }

        var httpAddress = LoopbackAddress.WithPort(LoopbackAddress.Parse("--http", http));
        var fleetAddress = LoopbackAddress.WithPort(LoopbackAddress.Parse("--fleet", fleet));
        if (httpAddress.Equals(fleetAddress) && parsed is not ServeRole.Gateway)
        {
            throw CommandFailure.Usage($"--http and --fleet are both {httpAddress}: give the fleet stream a port of its own.");
        }

        var id = gatewayId ?? "gateway-1";
        var directory = DirectoryFrom(data);
        return Names.IsValid(id)
            ? new(httpAddress, fleetAddress, directory, parsed, ControlFrom(control, parsed, fleetAddress), id, StoreFrom(store, parsed, directory))
            : throw CommandFailure.Usage($"--gateway-id '{id}' is not a name: use 1 to 100 letters, digits, '.', '-' or '_'.");
    }

    private static Uri ControlFrom(string? control, ServeRole role, IPEndPoint fleet)
    {
        if (control is null)
        {
            return role is ServeRole.Gateway
                ? throw CommandFailure.Usage("--control is missing: a gateway that runs alone needs the fleet address of the control plane, such as http://127.0.0.1:8081.")
                : new Uri($"http://{fleet}");
        }

        if (role is not ServeRole.Gateway)
        {
            throw CommandFailure.Usage("--control is only for --role gateway: with --role all the gateway dials the control plane beside it.");
        }

        return Uri.TryCreate(control, UriKind.Absolute, out var uri) && uri.Scheme is "http" && uri.IsLoopback
            ? uri
            : throw CommandFailure.Usage($"--control '{control}' is not an address on this machine: write one such as http://127.0.0.1:8081.");
    }

    private static StoreAddress StoreFrom(string? store, ServeRole role, string directory)
    {
        if (store is not null && role is ServeRole.Gateway)
        {
            throw CommandFailure.Usage("--store is not for --role gateway: only the control plane has a store.");
        }

        var (source, url) = store is not null ? ("--store", store) : (StoreVariable, Environment.GetEnvironmentVariable(StoreVariable));
        try
        {
            return url is null or "" || role is ServeRole.Gateway ? new StoreAddress.Sqlite(directory) : StoreAddress.Parse(url);
        }
        catch (FormatException e)
        {
            throw CommandFailure.Usage($"{source}: {e.Message}");
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
