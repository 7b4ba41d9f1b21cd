using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Backstop.Control.Hosting;

/// <summary>Finds ports that nobody has.</summary>
public static class FreePort
{
    // Of this process: some are listened on seconds after they were chosen.
    private static readonly ConcurrentDictionary<int, bool> Promised = new();

    /// <summary>Says that this process will listen on a port, so that it is given to nobody else in it.</summary>
    public static void Promise(int port) => Promised.TryAdd(port, true);

    /// <summary>A port that is free now, that nobody in this process was promised, and that no outgoing connection will be given before it is listened on.</summary>
    public static int At(IPAddress address)
    {
        // Systems take the ports of outgoing connections from above these.
        var (least, above, tries) = (15_000, 32_000, 20);
        for (var i = 0; i < tries; i++)
        {
            if (Try(address, Random.Shared.Next(least, above)) is { } free && Promised.TryAdd(free, true))
            {
                return free;
            }
        }

        return Try(address, 0)!.Value;
    }

    private static int? Try(IPAddress address, int port)
    {
        using var probe = new TcpListener(address, port);
        try
        {
            probe.Start();
            return ((IPEndPoint)probe.LocalEndpoint).Port;
        }
        catch (SocketException) when (port != 0)
        {
            return null;
        }
    }
}
