using System.Text;

namespace Backstop.GatewayBench.Load;

/// <summary>Finds the end of an HTTP answer.</summary>
internal struct AnswerEnd
{
    private static readonly byte[] LastChunk = "\r\n0\r\n\r\n"u8.ToArray();

    private long _left;
    private bool _chunked;
    private byte[]? _tail;

    /// <summary>Whether the headers are whole.</summary>
    public bool InBody { get; private set; }

    /// <summary>Whether a byte of the body was seen.</summary>
    public bool HasBody { get; private set; }

    /// <summary>Takes what came: until the headers are whole everything so far, later only what is new.</summary>
    /// <returns>Whether the answer is whole.</returns>
    /// <exception cref="InvalidDataException">It is not a good answer.</exception>
    public bool Take(ReadOnlySpan<byte> bytes)
    {
        if (!InBody)
        {
            var headers = bytes.IndexOf("\r\n\r\n"u8);
            if (headers < 0)
            {
                return false;
            }

            ReadHeaders(Encoding.ASCII.GetString(bytes[..headers]));
            bytes = bytes[(headers + 4)..];
            InBody = true;
        }

        if (bytes.IndexOf("\"content_filter\""u8) >= 0)
        {
            throw new InvalidDataException("the ring stopped the answer, which is other work than to let it pass.");
        }

        HasBody |= !bytes.IsEmpty;
        return _chunked ? EndsWithLastChunk(bytes) : (_left -= bytes.Length) <= 0;
    }

    private void ReadHeaders(string headers)
    {
        if (!headers.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"the answer is {headers.Split('\r')[0]}.");
        }

        const string Length = "\r\nContent-Length:";
        _chunked = headers.Contains("chunked", StringComparison.OrdinalIgnoreCase);
        if (headers.IndexOf(Length, StringComparison.OrdinalIgnoreCase) is var at and >= 0)
        {
            var value = headers.AsSpan(at + Length.Length);
            _left = long.Parse(value.IndexOf('\r') is var end and >= 0 ? value[..end] : value);
        }
    }

    private bool EndsWithLastChunk(ReadOnlySpan<byte> bytes)
    {
        // A long piece says it by itself.
        bytes = bytes.Length < LastChunk.Length ? (byte[])[.. _tail ?? [], .. bytes] : bytes;
        if (bytes.EndsWith(LastChunk))
        {
            return true;
        }

        _tail = bytes[^Math.Min(bytes.Length, LastChunk.Length)..].ToArray();
        return false;
    }
}
