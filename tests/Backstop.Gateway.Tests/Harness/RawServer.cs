using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>A model server down to its sockets: it reads a request, then does to the connection what a test wants, HTTP or not.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _over = new();
    private int _open;
    private int _accepted;

    private RawServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _ = Accept();
    }

    /// <summary>What is done when a request has come. When it returns, the next request is read, until the other side closes.</summary>
    public Func<Socket, CancellationToken, Task> Answer { get; set; } = Say(Http(Answers.Completion("Hello.")));

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}");

    /// <summary>Connections there ever were.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>The request that came last, as it came.</summary>
    public string LastRequest { get; private set; } = "";

    /// <summary>Connections that neither side has closed.</summary>
    public int Open => Volatile.Read(ref _open);

    public static RawServer Start() => new();

    /// <summary>Sends these pieces, each on its own.</summary>
    public static Func<Socket, CancellationToken, Task> Say(params string[] pieces) => async (socket, cancel) =>
    {
        foreach (var piece in pieces)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(piece), cancel);
        }
    };

    /// <summary>Sends these pieces and closes.</summary>
    public static Func<Socket, CancellationToken, Task> SayAndClose(params string[] pieces) => async (socket, cancel) =>
    {
        await Say(pieces)(socket, cancel);
        socket.Close();
    };

    /// <summary>Sends these pieces and then says that it will send no more, but goes on listening.</summary>
    public static Func<Socket, CancellationToken, Task> SayAndHalfClose(params string[] pieces) => async (socket, cancel) =>
    {
        await Say(pieces)(socket, cancel);
        socket.Shutdown(SocketShutdown.Send);
    };

    /// <summary>Sends the first piece, and the second over and over for as long as anybody takes it.</summary>
    public static Func<Socket, CancellationToken, Task> SayWithoutEnd(string first, string again) => async (socket, cancel) =>
    {
        await Say(first)(socket, cancel);
        var bytes = Encoding.UTF8.GetBytes(again);
        while (true)
        {
            await socket.SendAsync(bytes, cancel);
        }
    };

    /// <summary>A good answer in HTTP.</summary>
    public static string Http(string body, string type = "application/json") =>
        $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Dispose();
        await Eventually.Is(() => Open, open => open == 0);
        _over.Dispose();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_over.Token);
                Interlocked.Increment(ref _open);
                Interlocked.Increment(ref _accepted);
                _ = Serve(socket);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task Serve(Socket socket)
    {
        try
        {
            while (await ReadRequest(socket))
            {
                await Answer(socket, _over.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The other side, the script or the test closed it.
        }
        finally
        {
            socket.Dispose();
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task<bool> ReadRequest(Socket socket)
    {
        var request = new List<byte>();
        var piece = new byte[4096];
        while (await socket.ReceiveAsync(piece, _over.Token) is var read and > 0)
        {
            request.AddRange(piece.AsSpan(0, read));
            var text = Encoding.UTF8.GetString([.. request]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            const string Length = "\r\nContent-Length: ";
            if (end >= 0 && text.IndexOf(Length, StringComparison.Ordinal) is var at
                && request.Count >= end + 4 + (at < 0 ? 0 : int.Parse(text[(at + Length.Length)..].Split('\r')[0])))
            {
                LastRequest = text;
                return true;
            }
        }

        return false;
    }
}
