using System.Net;
using System.Net.Sockets;
using Backstop.CommandLine;
using Backstop.Control.Hosting;

namespace Backstop.Hosting;

/// <summary>An address to listen on.</summary>
internal static class ListenAddress
{
    /// <summary>Reads <c>127.0.0.1:8080</c>, <c>[::1]:8080</c> or <c>localhost:8080</c>.</summary>
    /// <param name="option">The option the text came from, for the error.</param>
    /// <param name="text">What was written.</param>
    /// <exception cref="CommandFailure">Not an address.</exception>
    public static IPEndPoint Parse(string option, string text)
    {
        var numeric = text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" + text["localhost".Length..] : text;
        return numeric.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(numeric, out var address)
            ? address
            : throw CommandFailure.Usage($"{option} '{text}' is not an address: write a host and a port, such as 127.0.0.1:8080.");
    }

    /// <summary>Whether other machines can reach it.</summary>
    public static bool IsPublic(IPEndPoint address) => !IPAddress.IsLoopback(address.Address);

    /// <summary>Replaces port 0 by one that is free now, and that no outgoing connection will be given before it is listened on.</summary>
    public static IPEndPoint WithPort(IPEndPoint address) => address.Port != 0 ? address : new(address.Address, FreePort.At(address.Address));

    /// <summary>Makes sure that this process can listen there later, and that until then nothing in it takes the port.</summary>
    /// <remarks>Without listening: who asks whether this process is there yet would be taken in, and cut off.</remarks>
    /// <exception cref="CommandFailure">Somebody else listens there, or it is not this machine's.</exception>
    public static void ExpectFree(string option, IPEndPoint address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(address);
            FreePort.Promise(address.Port);
        }
        catch (SocketException e)
        {
            throw CommandFailure.Usage($"{option} {address}: {e.Message}. Choose another port; port 0 takes a free one.");
        }
    }
}
