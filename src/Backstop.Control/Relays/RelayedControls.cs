using System.Net.Security;
using Grpc.Net.Client;

namespace Backstop.Control.Relays;

/// <summary>The control planes that a relay carries streams to. It uses one, and the next one when that is gone.</summary>
public sealed class RelayedControls : IDisposable
{
    // A control plane that stands still looks like one that has nothing to say.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    private readonly Control[] _all;
    private int _turn;

    /// <param name="addresses">Where their fleet streams listen; the first one is used first.</param>
    /// <param name="tls">What to show them, and what to ask of them, where the address is https.</param>
    public RelayedControls(IReadOnlyList<Uri> addresses, SslClientAuthenticationOptions? tls)
    {
        _all = [.. addresses.Select(address =>
        {
            var channel = GrpcChannel.ForAddress(address, new()
            {
                HttpHandler = new SocketsHttpHandler
                {
                    ConnectTimeout = ConnectTimeout,
                    SslOptions = tls ?? new(),
                    KeepAlivePingDelay = KeepAlive,
                    KeepAlivePingTimeout = KeepAlive,
                    EnableMultipleHttp2Connections = true, // A server takes a hundred streams on each.
                },
                DisposeHttpClient = true,
            });
            return new Control(address, channel, new(channel));
        })];
    }

    /// <summary>The one to use now.</summary>
    public Control Current => _all[Volatile.Read(ref _turn) % _all.Length];

    /// <summary>One is gone. All who notice it together move on by one only.</summary>
    public void Failed(Control control)
    {
        var turn = Volatile.Read(ref _turn);
        if (_all[turn % _all.Length] == control)
        {
            Interlocked.CompareExchange(ref _turn, (turn + 1) % _all.Length, turn);
        }
    }

    public void Dispose() => Array.ForEach(_all, c => c.Channel.Dispose());

    /// <summary>One control plane.</summary>
    public sealed record Control(Uri Address, GrpcChannel Channel, Protocol.Fleet.FleetClient Client);
}
