namespace Backstop.Core.Guards.Checks.Secrets;

/// <summary>The check sums that some providers put at the end of their keys: CRC-32 of IEEE 802.3.</summary>
internal static class Crc32
{
    private const string Base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(i => Row((uint)i))];

    /// <summary>Thirty random characters and six of their sum in base 62, as GitHub and npm have it.</summary>
    public static bool IsGitHub(ReadOnlySpan<char> body)
    {
        var sum = Of(body[..30]);
        for (var i = 35; i >= 30; i--)
        {
            if (body[i] != Base62[(int)(sum % 62)])
            {
                return false;
            }

            sum /= 62;
        }

        return sum == 0;
    }

    /// <summary>The sum of all before the last underscore, its lowest byte first, in hexadecimal, as Grafana has it.</summary>
    public static bool IsGrafana(ReadOnlySpan<char> key)
    {
        var sum = Of(key[..^9]);
        Span<byte> bytes = [(byte)sum, (byte)(sum >> 8), (byte)(sum >> 16), (byte)(sum >> 24)];
        return key[^8..].Equals(Convert.ToHexString(bytes), StringComparison.OrdinalIgnoreCase);
    }

    private static uint Of(ReadOnlySpan<char> text)
    {
        var sum = uint.MaxValue;
        foreach (var c in text)
        {
            sum = (sum >> 8) ^ Table[(byte)(sum ^ c)];
        }

        return ~sum;
    }

    private static uint Row(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ 0xedb88320;
        }

        return value;
    }
}
