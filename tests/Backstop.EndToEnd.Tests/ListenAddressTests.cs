using System.Net;
using System.Net.Sockets;
using Backstop.CommandLine;
using Backstop.Control.Hosting;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests;

public sealed class ListenAddressTests
{
    [Fact]
    public void A_port_that_somebody_listens_on_is_not_free()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = (IPEndPoint)other.LocalEndpoint;

        var failure = Assert.Throws<CommandFailure>(() => ListenAddress.ExpectFree("--http", taken));

        Assert.Contains($"--http {taken}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_calls_while_a_port_is_looked_at_is_refused_and_not_cut_off()
    {
        var address = new IPEndPoint(IPAddress.Loopback, FreePort.At(IPAddress.Loopback));
        var looks = new Thread(() =>
        {
            for (var i = 0; i < 5000; i++)
            {
                ListenAddress.ExpectFree("--http", address);
            }
        });
        looks.Start();
        var answers = new HashSet<SocketError>();
        while (looks.IsAlive)
        {
            using var caller = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                caller.Connect(address);
                answers.Add(SocketError.Success);
            }
            catch (SocketException e)
            {
                answers.Add(e.SocketErrorCode);
            }
        }

        Assert.Equal([SocketError.ConnectionRefused], answers);
    }
}
