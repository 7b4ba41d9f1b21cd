using System.Net.Security;
using System.Net.Sockets;
using Backstop.Core.Registry;

namespace Backstop.Gateway.Upstreams;

/// <summary>The connections to one address that wait for a question. The one that waited least is taken first, so that the others may end.</summary>
internal sealed class ConnectionPool(Origin origin, TimeProvider time)
{
    /// <summary>How long a connection waits before it is closed: less than most servers let it wait.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly List<UpstreamConnection> _idle = []; // The one that waits longest is first.

    /// <summary>A connection that waits, and listens from now on; null when there is none.</summary>
    /// <param name="cancellation">Ends its listening.</param>
    /// <exception cref="OperationCanceledException">It is over before it began.</exception>
    public UpstreamConnection? Take(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested(); // Else all that wait would look dead.
            UpstreamConnection last;
            lock (_gate)
            {
                if (_idle.Count == 0)
                {
                    return null;
                }

                last = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
            }

            if (last.Listen(cancellation))
            {
                return last;
            }

            last.Dispose();
        }
    }

    public void Return(UpstreamConnection connection)
    {
        connection.IdleSince = time.GetTimestamp();
        lock (_gate)
        {
            _idle.Add(connection);
        }
    }

    /// <summary>A new connection, which listens.</summary>
    /// <param name="limit">How long the other side may take, for the connection and again for its certificate.</param>
    /// <param name="cancellation">Gives up at once.</param>
    /// <exception cref="SocketException">It cannot be made.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The server's certificate is not good.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public async ValueTask<UpstreamConnection> Connect(TimeSpan limit, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            var connecting = socket.ConnectAsync(origin.Host, origin.Port, over.Token);
            if (!connecting.IsCompleted)
            {
                // The limit is for the other side. When that has answered, and this process had no time to notice, nobody else would do better.
                await using var patience = time.CreateTimer(
                    _ =>
                    {
                        if (!IsEstablished(socket))
                        {
                            over.Cancel();
                        }
                    },
                    null, limit, Timeout.InfiniteTimeSpan);
                await connecting;
            }
            else
            {
                await connecting;
            }

            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (origin.IsSecure)
            {
                over.CancelAfter(limit);
                var secure = new SslStream(stream);
                await secure.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = origin.Host, ApplicationProtocols = [SslApplicationProtocol.Http11], CertificateChainPolicy = origin.Trust?.Policy(),
                    },
                    over.Token);
                stream = secure;
            }

            var made = new UpstreamConnection(stream, this);
            made.Listen(cancellation);
            return made;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Closes what has waited too long.</summary>
    public void Sweep()
    {
        List<UpstreamConnection> old;
        lock (_gate)
        {
            var count = _idle.FindIndex(c => time.GetElapsedTime(c.IdleSince) < LongestWait) is var young and >= 0 ? young : _idle.Count;
            old = _idle.GetRange(0, count);
            _idle.RemoveRange(0, count);
        }

        old.ForEach(c => c.Dispose());
    }

    /// <summary>Closes what waits.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _idle.ForEach(c => c.Dispose());
            _idle.Clear();
        }
    }

    /// <summary>Whether the system has made the connection already. Known on Linux; elsewhere it is not, and counts as no.</summary>
    internal static bool IsEstablished(Socket socket)
    {
        const int Tcp = 6, Information = 11, Established = 1;
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        Span<byte> information = stackalloc byte[8]; // It begins with the state.
        try
        {
            return socket.GetRawSocketOption(Tcp, Information, information) > 0 && information[0] == Established;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}

/// <summary>Whom a connection leads to, and whose word is taken that it does.</summary>
internal readonly record struct Origin(bool IsSecure, string Host, int Port, ServerTrust? Trust)
{
    public static Origin Of(Uri address, ServerTrust? trust = null) => new(address.Scheme == Uri.UriSchemeHttps, address.IdnHost, address.Port, trust);
}
