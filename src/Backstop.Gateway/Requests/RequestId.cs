using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>Names a request in headers, feedback and logs.</summary>
public static class RequestId
{
    private const int Longest = 128;

    // Whoever knows an answer's id may say whether it was right, so it must not be guessed. The kernel is asked for many at once.
    private const int RandomBytes = 10;

    [ThreadStatic]
    private static byte[]? _random;

    [ThreadStatic]
    private static int _used;

    /// <summary>The caller's own id when it is 1 to 128 letters, digits, '-', '_', '.' or ':', else a new one.</summary>
    public static string Of(HttpRequest request) =>
        request.Headers.TryGetValue("x-request-id", out var values) && values is [{ Length: > 0 and <= Longest } given] && IsId(given)
            ? given
            : New(DateTimeOffset.UtcNow);

    // RFC 9562, version 7: milliseconds first, so that ids sort by time.
    private static string New(DateTimeOffset now)
    {
        var random = _random ??= new byte[100 * RandomBytes];
        if (_used == 0)
        {
            RandomNumberGenerator.Fill(random);
        }

        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, now.ToUnixTimeMilliseconds() << 16);
        random.AsSpan(_used, RandomBytes).CopyTo(id[6..]);
        _used = (_used + RandomBytes) % random.Length;
        id[6] = (byte)((id[6] & 0x0F) | 0x70);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return Convert.ToHexStringLower(id);
    }

    private static bool IsId(string given)
    {
        foreach (var c in given)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or ':'))
            {
                return false;
            }
        }

        return true;
    }
}
