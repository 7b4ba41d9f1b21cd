namespace Backstop.Gateway.Requests;

/// <summary>Cuts a byte stream into server-sent events, wherever the network cut it.</summary>
/// <remarks>WHATWG HTML, "Server-sent events": an event ends at an empty line; lines end with LF, CRLF or CR LF split in two.</remarks>
/// <param name="maxEventBytes">Longest event; a longer one is an error of the sender.</param>
public sealed class SseReader(Stream stream, int maxEventBytes)
{
    private byte[] _buffer = new byte[8 * 1024];
    private int _start;
    private int _end;
    private int _scanned;

    /// <summary>The bytes of the next event with its empty line, or null at the end of the stream. Valid until the next call.</summary>
    /// <exception cref="InvalidDataException">An event is too long.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> Next(CancellationToken cancellation)
    {
        while (true)
        {
            if (EndOfEvent() is var end && end >= 0)
            {
                var found = _buffer.AsMemory(_start, end - _start);
                _start = _scanned = end;
                return found;
            }

            MakeRoom();
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
            if (read == 0)
            {
                return null;
            }

            _end += read;
        }
    }

    /// <summary>What an event says: its data lines, joined as a client joins them; empty for comments and other fields.</summary>
    public static byte[] Data(ReadOnlySpan<byte> bytes)
    {
        byte[]? data = null;
        while (!bytes.IsEmpty)
        {
            // A lone CR ends a line too: a client would read what follows it as a field of its own.
            var end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            var line = end < 0 ? bytes : bytes[..end];
            if (line.StartsWith("data:"u8))
            {
                var value = line["data:"u8.Length..].Trim((byte)' ');
                data = data is null ? value.ToArray() : [.. data, (byte)'\n', .. value];
            }

            bytes = end < 0 ? [] : bytes[(end + 1)..];
        }

        return data ?? [];
    }

    private int EndOfEvent()
    {
        for (var i = Math.Max(_scanned, _start); i < _end; i++)
        {
            if (_buffer[i] != '\n')
            {
                continue;
            }

            if (i + 1 < _end && _buffer[i + 1] == '\n')
            {
                return i + 2;
            }

            if (i + 2 < _end && _buffer[i + 1] == '\r' && _buffer[i + 2] == '\n')
            {
                return i + 3;
            }
        }

        // The last two bytes may be the beginning of an end.
        _scanned = Math.Max(_start, _end - 2);
        return -1;
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
