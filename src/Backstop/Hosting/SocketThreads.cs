using Backstop.Gateway.Sockets;

namespace Backstop.Hosting;

/// <summary>The threads that wait for sockets run what follows, instead of waking another thread for it, and send together what is ready together.</summary>
/// <remarks>
/// Handing each piece of work from one thread to another costs a gateway about as much as the work itself. The price: what runs long
/// holds up the other connections of the same thread, of which there is one for each core. So it is only for a gateway in a process of
/// its own, where nothing blocks and the ring looks at long texts elsewhere, and never beside a control plane with its database.
/// </remarks>
internal static class SocketThreads
{
    // The runtime's own name for it, read when the first socket waits. Whoever set it has decided.
    private const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>To be called before any socket is used.</summary>
    public static void RunWhatFollows()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
        {
            Environment.SetEnvironmentVariable(Variable, "1");
        }

        if (OperatingSystem.IsLinux())
        {
            SendBatch.Begin(Environment.ProcessorCount);
        }
    }
}
