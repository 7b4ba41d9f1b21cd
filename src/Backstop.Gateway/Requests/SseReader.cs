namespace Backstop.Gateway.Requests;

/// <summary>Cuts a byte stream into server-sent events, wherever the network cut it.</summary>
/// <remarks>WHATWG HTML, "Server-sent events": an event ends at an empty line; lines end with LF, CRLF or CR LF split in two.</remarks>
/// <param name="maxEventBytes">Longest event; a longer one is an error of the sender.</param>
public sealed class SseReader(Stream stream, int maxEventBytes)
{
    private byte[] _buffer = new byte[4 * 1024];
    private int _start;
    private int _end;
    private int _scanned;

    /// <summary>Takes the next event, with its empty line, out of what was read. Valid until the next <see cref="Fill"/>.</summary>
    public bool TryNext(out ReadOnlyMemory<byte> bytes)
    {
        var end = EndOfEvent();
        bytes = end < 0 ? default : _buffer.AsMemory(_start, end - _start);
        if (end >= 0)
        {
            _start = _scanned = end;
        }

        return end >= 0;
    }

    /// <summary>Reads more. False at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">An event is too long.</exception>
    /// <exception cref="OperationCanceledException">The wait was over, even if something came in the same moment.</exception>
    public async ValueTask<bool> Fill(CancellationToken cancellation)
    {
        MakeRoom();
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);

        // A connection that is given up while it is read lends its buffer to others: what it returns then may be theirs.
        cancellation.ThrowIfCancellationRequested();
        _end += read;
        return read > 0;
    }

    /// <summary>What an event says: its data lines, joined as a client joins them; empty for comments and other fields.</summary>
    public static ReadOnlyMemory<byte> Data(ReadOnlyMemory<byte> bytes)
    {
        ReadOnlyMemory<byte>? data = null;
        while (!bytes.IsEmpty)
        {
            // A lone CR ends a line too: a client would read what follows it as a field of its own.
            var end = bytes.Span.IndexOfAny((byte)'\n', (byte)'\r');
            var line = end < 0 ? bytes : bytes[..end];
            if (line.Span.StartsWith("data:"u8))
            {
                var value = line["data:"u8.Length..].Trim((byte)' ');
                data = data is { } before ? (byte[])[.. before.Span, (byte)'\n', .. value.Span] : value;
            }

            bytes = end < 0 ? default : bytes[(end + 1)..];
        }

        return data ?? default;
    }

    private int EndOfEvent()
    {
        for (var at = Math.Max(_scanned, _start); ; at++)
        {
            var line = _buffer.AsSpan(at, _end - at).IndexOf((byte)'\n');
            if (line < 0)
            {
                // The last two bytes may be the beginning of an end.
                _scanned = Math.Max(_start, _end - 2);
                return -1;
            }

            at += line;
            if (at + 1 < _end && _buffer[at + 1] == '\n')
            {
                return at + 2;
            }

            if (at + 2 < _end && _buffer[at + 1] == '\r' && _buffer[at + 2] == '\n')
            {
                return at + 3;
            }
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_scanned, _end, _start) = (_scanned - _start, _end - _start, 0);
        }

        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= maxEventBytes)
            {
                throw new InvalidDataException("An event of the stream is too long.");
            }

            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }
}
