using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace Backstop.Gateway.Upstreams;

/// <summary>What stands before the body of an HTTP/1.1 answer, as far as a gateway needs it: the other headers stay with the model server.</summary>
/// <remarks>
/// RFC 9112, read strictly. Where two readers of one message could disagree on where it ends, the next answer on the connection may be
/// somebody else's words: so what leaves room for that is refused, not guessed at.
/// </remarks>
/// <param name="Length">Bytes of the body; null when chunks or the end of the connection tell.</param>
/// <param name="IsChunked">Whether the body comes in chunks.</param>
/// <param name="KeepsOpen">Whether the connection may serve another request afterwards.</param>
/// <param name="MediaType">Type of the body in small letters, without parameters.</param>
/// <param name="RetryAfter">The header of that name, if it is there.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct AnswerHead(
    int Status, long? Length = null, bool IsChunked = false, bool KeepsOpen = true, string? MediaType = null, string? RetryAfter = null)
{
    /// <summary>Longest head.</summary>
    public const int MostBytes = 64 * 1024;

    private const string Json = "application/json";
    private const string Events = "text/event-stream";

    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // Everything that may not stand in a value: control characters but the tabulator.
    private static readonly SearchValues<byte> Forbidden =
        SearchValues.Create([.. Enumerable.Range(0, 32).Where(b => b != '\t').Select(b => (byte)b), 127]);

    /// <summary>Whether the status says that the request was served.</summary>
    public bool IsSuccess => Status is >= 200 and <= 299;

    /// <summary>Reads a head that ends where <paramref name="bytes"/> end, its empty line included.</summary>
    /// <exception cref="IOException">It is no head, or does not say where the body ends.</exception>
    public static AnswerHead Read(ReadOnlySpan<byte> bytes)
    {
        var line = NextLine(ref bytes);
        var head = new AnswerHead(StatusOf(line), KeepsOpen: line.StartsWith("HTTP/1.1"u8));
        for (line = NextLine(ref bytes); !line.IsEmpty; line = NextLine(ref bytes))
        {
            var colon = ColonOf(line);
            head = head.With(line[..colon], line[(colon + 1)..].Trim(" \t"u8));
        }

        if (head.IsChunked && head.Length is not null)
        {
            throw new IOException("The answer says in two ways where it ends.");
        }

        return head.Status is 204 or 304
            ? head with { Length = 0, IsChunked = false }
            : head with { KeepsOpen = head.KeepsOpen && (head.IsChunked || head.Length is not null) };
    }

    /// <summary>Where the name of a header ends.</summary>
    /// <exception cref="IOException">It is no header.</exception>
    internal static int ColonOf(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        return colon > 0 && !line[..colon].ContainsAnyExcept(TokenBytes) && !line[(colon + 1)..].ContainsAny(Forbidden)
            ? colon
            : throw new IOException("A header is none.");
    }

    private AnswerHead With(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => name.Length switch
    {
        10 when Ascii.EqualsIgnoreCase(name, "connection"u8) => Ascii.EqualsIgnoreCase(value, "keep-alive"u8) ? this : this with { KeepsOpen = false },
        11 when Ascii.EqualsIgnoreCase(name, "retry-after"u8) => this with { RetryAfter = Encoding.Latin1.GetString(value) },
        12 when Ascii.EqualsIgnoreCase(name, "content-type"u8) => this with { MediaType = MediaTypeOf(value) },
        14 when Length is null && Ascii.EqualsIgnoreCase(name, "content-length"u8) => this with { Length = LengthOf(value) },
        17 when Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8) => !IsChunked && Ascii.EqualsIgnoreCase(value, "chunked"u8)
            ? this with { IsChunked = true }
            : throw new IOException("The answer comes in an encoding that was not asked for."),
        14 when Ascii.EqualsIgnoreCase(name, "content-length"u8) => throw new IOException("The answer says twice where it ends."),
        _ => this,
    };

    private static ReadOnlySpan<byte> NextLine(ref ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n"u8);
        if (end < 0)
        {
            throw new IOException("A line of the head has no end.");
        }

        var line = bytes[..end];
        bytes = bytes[(end + 2)..];
        return line;
    }

    private static int StatusOf(ReadOnlySpan<byte> line) =>
        line.Length >= 12 && (line.StartsWith("HTTP/1.1 "u8) || line.StartsWith("HTTP/1.0 "u8))
        && Utf8Parser.TryParse(line[9..12], out int status, out var digits) && digits == 3 && status is >= 100 and <= 599
        && (line.Length == 12 || line[12] == ' ') && !line.ContainsAny(Forbidden)
            ? status
            : throw new IOException("The answer is not in HTTP/1.1.");

    private static long LengthOf(ReadOnlySpan<byte> value) =>
        value.Length is > 0 and <= 18 && !value.ContainsAnyExceptInRange((byte)'0', (byte)'9') && Utf8Parser.TryParse(value, out long length, out _)
            ? length
            : throw new IOException("The answer's length is none.");

    // Two types are nearly all that come, and need no string of their own.
    private static string MediaTypeOf(ReadOnlySpan<byte> value)
    {
        var type = value.IndexOf((byte)';') is var end and >= 0 ? value[..end].TrimEnd(" \t"u8) : value;
        return Ascii.EqualsIgnoreCase(type, "application/json"u8) ? Json
            : Ascii.EqualsIgnoreCase(type, "text/event-stream"u8) ? Events
            : Encoding.Latin1.GetString(type).ToLowerInvariant();
    }
}
