using System.Net;
using System.Net.Sockets;
using Backstop.Gateway.Upstreams;

namespace Backstop.Gateway.Tests.Upstreams;

/// <summary>What counts as the time a replica takes to connect: its own, and not that of a gateway that had no time to notice.</summary>
public sealed class ConnectTimeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_connection_that_the_system_has_made_is_told_from_one_that_is_on_its_way()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere it cannot be told, and the time counts.");
        using var replica = new TcpListener(IPAddress.Loopback, 0);
        replica.Start(0);
        using var made = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await made.ConnectAsync(replica.LocalEndpoint, Cancel); // Nobody accepted it: that takes the replica's time, and not the system's.
        Assert.True(ConnectionPool.IsEstablished(made));

        using var onItsWay = new Socket(SocketType.Stream, ProtocolType.Tcp);
        var connecting = onItsWay.ConnectAsync(replica.LocalEndpoint, Cancel).AsTask();
        Assert.False(ConnectionPool.IsEstablished(onItsWay));
        onItsWay.Dispose();
        Assert.False(ConnectionPool.IsEstablished(onItsWay));
        await Assert.ThrowsAnyAsync<Exception>(() => connecting);
    }

    [Fact]
    public async Task A_connection_that_was_not_made_in_time_does_not()
    {
        // Its queue holds one that it does not take; whoever comes after gets no answer.
        using var replica = new TcpListener(IPAddress.Loopback, 0);
        replica.Start(0);
        using var waiting = new TcpClient();
        await waiting.ConnectAsync((IPEndPoint)replica.LocalEndpoint, Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await PoolOf(replica, new HastyClock()).Connect(Limit, Cancel));
    }

    private static ConnectionPool PoolOf(TcpListener replica, TimeProvider clock) => new(Origin.Of(new($"http://{replica.LocalEndpoint}")), clock);

    /// <summary>Every time is over as soon as it begins.</summary>
    private sealed class HastyClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            callback(state);
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
