using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace Backstop.GatewayBench.Load;

/// <summary>A kept connection that sends one request at a time and reads just as much of the answer as tells where it ends.</summary>
internal sealed class Connection : IValueTaskSource<long>, IDisposable
{
    private readonly Socket _socket;
    private readonly Workload _workload;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private ManualResetValueTaskSourceCore<long> _next;
    private byte[]? _request;

    private Connection(Socket socket, Workload workload) => (_socket, _workload) = (socket, workload);

    /// <summary>When the request under way was due.</summary>
    public long Due { get; set; }

    /// <summary>When the first byte behind the headers of the answer under way, or of the last one, came; 0 while it has not.</summary>
    public long FirstByte { get; private set; }

    public static async Task<Connection> Open(IPEndPoint address, Workload workload)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address);
        return new(socket, workload);
    }

    /// <summary>Waits until it is given a request to send.</summary>
    /// <returns>When that was due.</returns>
    public ValueTask<long> Next() => new(this, _next.Version);

    public void Give(long due)
    {
        Due = due;
        _next.SetResult(due);
    }

    /// <summary>Sends the request and reads the answer to its end.</summary>
    /// <exception cref="InvalidDataException">The answer is not a good one.</exception>
    public async ValueTask Ask()
    {
        FirstByte = 0;
        _request = _workload.Next(_request);
        await _socket.SendAsync(_request);
        var answer = default(AnswerEnd);
        var length = 0;
        while (true)
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(length));
            if (read == 0)
            {
                throw new InvalidDataException("the server closed the connection.");
            }

            length += read;
            var hadBody = answer.HasBody;
            var isOver = answer.Take(_buffer.AsSpan(0, length));
            if (answer.HasBody && !hadBody)
            {
                FirstByte = Stopwatch.GetTimestamp();
            }

            if (isOver)
            {
                return;
            }

            length = answer.InBody ? 0 : length;
        }
    }

    public long GetResult(short token)
    {
        var due = _next.GetResult(token);
        _next.Reset();
        return due;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _next.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _next.OnCompleted(continuation, state, token, flags);

    public void Dispose() => _socket.Dispose();
}
