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

    /// <summary>A connection that waits; null when there is none.</summary>
    public UpstreamConnection? Take()
    {
        while (true)
        {
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

            if (last.IsUsable)
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

    /// <summary>A new connection.</summary>
    /// <exception cref="SocketException">It cannot be made.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The server's certificate is not good.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public async ValueTask<UpstreamConnection> Connect(CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(origin.Host, origin.Port, cancellation);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (origin.IsSecure)
            {
                var secure = new SslStream(stream);
                await secure.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = origin.Host, ApplicationProtocols = [SslApplicationProtocol.Http11], CertificateChainPolicy = origin.Trust?.Policy(),
                    },
                    cancellation);
                stream = secure;
            }

            return new(socket, stream, this);
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
}

/// <summary>Whom a connection leads to, and whose word is taken that it does.</summary>
internal readonly record struct Origin(bool IsSecure, string Host, int Port, ServerTrust? Trust)
{
    public static Origin Of(Uri address, ServerTrust? trust = null) => new(address.Scheme == Uri.UriSchemeHttps, address.IdnHost, address.Port, trust);
}
