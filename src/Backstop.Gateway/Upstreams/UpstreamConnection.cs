using System.Buffers;
using System.Runtime.CompilerServices;
using Backstop.Gateway.Sockets;

namespace Backstop.Gateway.Upstreams;

/// <summary>A kept connection to a model server: one question and its answer at a time, in HTTP/1.1.</summary>
/// <remarks>
/// Written for one thing, which is done for every request: a question of a few kilobytes leaves in one call into the kernel, and
/// nothing is made for the garbage collector but what the answer is read from.
/// </remarks>
/// <param name="home">Where it waits for the next question.</param>
internal sealed class UpstreamConnection(Stream stream, ConnectionPool home) : IDisposable
{
    private const int UsualBytes = 4 * 1024;

    // Up to here a copy costs less than another call.
    private const int MostInOneWrite = 64 * 1024;

    private byte[] _buffer = [];
    private ValueTask<int> _listening;
    private int _start;
    private int _end;

    /// <summary>Since when it waits, as the clock's timestamp.</summary>
    public long IdleSince { get; set; }

    /// <summary>Begins to wait for an answer, before anything is asked.</summary>
    /// <returns>False when the other side closed the connection, or says something unasked: then it is over.</returns>
    /// <remarks>The first call into the kernel for an answer never finds one; made before the question is sent, it tells whether the connection is alive.</remarks>
    public bool Listen(CancellationToken cancellation)
    {
        try
        {
            _buffer = ArrayPool<byte>.Shared.Rent(UsualBytes);
#pragma warning disable CA2012 // It is awaited once, when the question was sent; when nothing is asked, the connection ends.
            _listening = stream.ReadAsync(_buffer, cancellation);
#pragma warning restore CA2012
            return !_listening.IsCompleted;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Sends a question and waits for the head of its answer, to which it listens already. Whatever goes wrong, the connection is over.</summary>
    /// <exception cref="IOException">The connection broke, or what came is no answer.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpstreamAnswer> Ask(UpstreamQuestion question, CancellationToken cancellation)
    {
        try
        {
            await SendBatch.Next();
            var broke = await Send(question, cancellation);
            try
            {
                var head = await ReadHead(cancellation);
                head = head with { KeepsOpen = head.KeepsOpen && broke is null };
                return new(head, new AnswerStream(this, head));
            }
            catch (IOException) when (broke is not null)
            {
                throw broke;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Some bytes of the answer; none when the other side has closed.</summary>
    public ValueTask<int> Read(Memory<byte> into, CancellationToken cancellation) =>
        _start < _end ? ValueTask.FromResult(Copy(into.Span)) : stream.ReadAsync(into, cancellation);

    /// <summary>As many bytes as were read from the other side already.</summary>
    public int Copy(Span<byte> into)
    {
        var length = Math.Min(into.Length, _end - _start);
        _buffer.AsSpan(_start, length).CopyTo(into);
        _start += length;
        return length;
    }

    /// <summary>A line of the answer without its end, when all of it was read already. Valid until the next read.</summary>
    /// <exception cref="IOException">It is longer than that, or does not end as lines do.</exception>
    public bool TryLine(int longest, out ReadOnlySpan<byte> line)
    {
        var unread = _buffer.AsSpan(_start, _end - _start);
        var end = unread.IndexOf((byte)'\n');
        if (end > longest || (end < 0 && unread.Length > longest))
        {
            throw new IOException("A line of the answer has no end.");
        }

        line = default;
        if (end < 0)
        {
            return false;
        }

        if (end == 0 || unread[..end].IndexOf((byte)'\r') != end - 1)
        {
            throw new IOException("A line of the answer ends wrongly.");
        }

        line = unread[..(end - 1)];
        _start += end + 1;
        return true;
    }

    /// <summary>Reads more from the other side, behind what was read before.</summary>
    /// <exception cref="IOException">It has closed, or the connection broke.</exception>
    public async ValueTask Fill(CancellationToken cancellation) => Came(await stream.ReadAsync(Room(), cancellation));

    /// <summary>The answer was read, or nobody wants to read on.</summary>
    public void End(bool isWhole)
    {
        if (!isWhole || _start != _end)
        {
            Dispose();
            return;
        }

        // Only here is the buffer lent on: when a read was given up, it may still be written to.
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _end) = ([], 0, 0);
        home.Return(this);
    }

    public void Dispose() => stream.Dispose();

    // A server that refuses a long question in the middle answers and closes: what it said may still be read.
    private async ValueTask<IOException?> Send(UpstreamQuestion question, CancellationToken cancellation)
    {
        try
        {
            if (question.MostBytes <= MostInOneWrite)
            {
                var whole = ArrayPool<byte>.Shared.Rent(question.MostBytes);
                await stream.WriteAsync(whole.AsMemory(0, question.CopyTo(whole)), cancellation);
                ArrayPool<byte>.Shared.Return(whole);
                return null;
            }

            foreach (var piece in question.Pieces())
            {
                await stream.WriteAsync(piece, cancellation);
            }

            return null;
        }
        catch (IOException e)
        {
            return e;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AnswerHead> ReadHead(CancellationToken cancellation)
    {
        var seen = 0;
        Came(await _listening);
        while (true)
        {
            var unread = _buffer.AsSpan(_start, _end - _start);
            var end = unread[seen..].IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                var length = seen + end + 4;
                var head = AnswerHead.Read(unread[..length]);
                (_start, seen) = (_start + length, 0);
                switch (head.Status)
                {
                    case 101:
                        throw new IOException("The answer changes to a protocol that was not asked for.");
                    case >= 200:
                        return head;
                    default:
                        continue; // A word in between; the answer follows.
                }
            }

            if (unread.Length > AnswerHead.MostBytes)
            {
                throw new IOException("The answer's head does not end.");
            }

            seen = Math.Max(0, unread.Length - 3);
            Came(await stream.ReadAsync(Room(), cancellation));
        }
    }

    private Memory<byte> Room()
    {
        if (_start == _end)
        {
            (_start, _end) = (0, 0);
        }
        else if (_end == _buffer.Length)
        {
            MakeRoom();
        }

        return _buffer.AsMemory(_end);
    }

    private void Came(int read) => _end += read > 0 ? read : throw new IOException("The other side closed the connection.");

    private void MakeRoom()
    {
        var unread = _buffer.AsSpan(_start, _end - _start);
        var room = unread.Length * 2 > _buffer.Length ? ArrayPool<byte>.Shared.Rent(_buffer.Length * 2) : _buffer;
        unread.CopyTo(room);
        if (room != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        (_buffer, _start, _end) = (room, 0, unread.Length);
    }
}
