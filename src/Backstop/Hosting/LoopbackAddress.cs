using System.Net.Sockets;
using System.Net;
using Backstop.CommandLine;

namespace Backstop.Hosting;

/// <summary>An address to listen on that only this machine can reach.</summary>
/// <remarks>Nothing here knows who a caller is yet, so nothing here may be reached from elsewhere.</remarks>
internal static class LoopbackAddress
{
    /// <summary>Reads <c>127.0.0.1:8080</c>, <c>[::1]:8080</c> or <c>localhost:8080</c>.</summary>
    /// <param name="option">The option the text came from, for the error.</param>
    /// <param name="text">What was written.</param>
    /// <exception cref="CommandFailure">Not an address, or one that other machines could reach.</exception>
    public static IPEndPoint Parse(string option, string text)
    {
        var numeric = text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" + text["localhost".Length..] : text;
        if (!numeric.Contains(':', StringComparison.Ordinal) || !IPEndPoint.TryParse(numeric, out var address))
        {
            throw CommandFailure.Usage($"{option} '{text}' is not an address: write a host and a port, such as 127.0.0.1:8080.");
        }

        return IPAddress.IsLoopback(address.Address)
            ? address
            : throw CommandFailure.Usage(
                $"{option} '{text}' can be reached from other machines, and Backstop does not ask callers who they are yet: " +
                $"listen on 127.0.0.1:{address.Port} and put an authenticating proxy in front.");
    }

    /// <summary>Replaces port 0 by one that is free now.</summary>
    public static IPEndPoint WithPort(IPEndPoint address)
    {
        if (address.Port != 0)
        {
            return address;
        }

        using var probe = new TcpListener(address.Address, 0);
        probe.Start();
        return (IPEndPoint)probe.LocalEndpoint;
    }
}
