using System.Buffers.Text;

namespace Backstop.Gateway.Upstreams;

/// <summary>The body of one answer. Disposed, it gives its connection back when the answer is whole, and ends it when it is not.</summary>
internal sealed class AnswerStream(UpstreamConnection connection, AnswerHead head) : Stream
{
    // A chunk's line holds a number and perhaps an extension that nobody reads; trailers are headers that nobody reads.
    private const int LongestLine = 4096;
    private const int MostTrailers = 64;

    private readonly bool _isChunked = head.IsChunked;
    private long _left = head.Length ?? long.MaxValue;
    private Part _part = head switch { { IsChunked: true } => Part.Size, { Length: 0 } => Part.Over, _ => Part.Data };
    private int _trailers;
    private UpstreamConnection? _connection = connection;

    private enum Part
    {
        /// <summary>The line that says how long the next chunk is.</summary>
        Size,

        /// <summary>Bytes of the body.</summary>
        Data,

        /// <summary>The end of line behind a chunk.</summary>
        DataEnd,

        /// <summary>Headers behind the last chunk, up to an empty line.</summary>
        Trailers,

        /// <summary>Nothing more.</summary>
        Over,
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="IOException">The answer broke off, or its chunks are none.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _part == Part.Over || buffer.IsEmpty ? ValueTask.FromResult(0)
        : _isChunked ? ReadChunked(buffer, cancellationToken)
        : ReadPlain(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Reading waits, so it is asynchronous.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _connection, null) is { } connection)
        {
            connection.End(isWhole: _part == Part.Over && head.KeepsOpen);
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadPlain(Memory<byte> buffer, CancellationToken cancellation)
    {
        var read = await _connection!.Read(Within(buffer), cancellation);
        if (read == 0 && head.Length is not null)
        {
            throw new IOException("The answer broke off.");
        }

        // Without a length, the end of the connection is the end of the answer.
        _left -= read;
        _part = read == 0 || _left == 0 ? Part.Over : Part.Data;
        return read;
    }

    private async ValueTask<int> ReadChunked(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (true)
        {
            if (TakeChunks(buffer.Span) is var taken && (taken > 0 || _part == Part.Over))
            {
                return taken;
            }

            if (_part == Part.Data)
            {
                var read = await _connection!.Read(Within(buffer), cancellation);
                Took(read > 0 ? read : throw new IOException("The answer broke off."));
                return read;
            }

            await _connection!.Fill(cancellation);
        }
    }

    // All that lies there already, however many chunks it came in: whoever passes it on does so once.
    private int TakeChunks(Span<byte> buffer)
    {
        for (var taken = 0; ;)
        {
            if (_part == Part.Data)
            {
                var length = _connection!.Copy(buffer[taken..(int)Math.Min(buffer.Length, taken + _left)]);
                taken += length;
                Took(length);
            }

            if (_part is Part.Data or Part.Over || !_connection!.TryLine(LongestLine, out var line))
            {
                return taken;
            }

            Follow(line);
        }
    }

    private void Follow(ReadOnlySpan<byte> line)
    {
        switch (_part)
        {
            case Part.Size:
                _left = LengthOf(line);
                _part = _left > 0 ? Part.Data : Part.Trailers;
                break;
            case Part.DataEnd:
                _part = line.IsEmpty ? Part.Size : throw new IOException("A chunk is longer than it says.");
                break;
            default:
                if (line.IsEmpty)
                {
                    _part = Part.Over;
                }
                else if (AnswerHead.ColonOf(line) > 0 && ++_trailers > MostTrailers)
                {
                    throw new IOException("The answer's trailers do not end.");
                }

                break;
        }
    }

    private void Took(int length)
    {
        _left -= length;
        _part = _left == 0 ? Part.DataEnd : Part.Data;
    }

    private Memory<byte> Within(Memory<byte> buffer) => buffer.Length > _left ? buffer[..(int)_left] : buffer;

    private static long LengthOf(ReadOnlySpan<byte> line)
    {
        var number = line.IndexOf((byte)';') is var end and >= 0 ? line[..end].TrimEnd(" \t"u8) : line;
        return number.Length is > 0 and <= 15 && Utf8Parser.TryParse(number, out long length, out var digits, 'x') && digits == number.Length
            ? length
            : throw new IOException("A chunk's length is none.");
    }
}
