using System.Security.Cryptography;

namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Addresses of wallets: Bitcoin and its kin in Base58 and Bech32 with their check sums, Ethereum by its form.</summary>
internal static class CryptoAddress
{
    private const string Base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    private const string Bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    private const int MaxLength = 90;

    public static PiiMatch Match(ReadOnlySpan<char> text, int start, bool final)
    {
        if (!CanBegin(text[start..]))
        {
            return PiiMatch.None;
        }

        var end = start;
        while (end < text.Length && end - start <= MaxLength && char.IsAsciiLetterOrDigit(text[end]))
        {
            end++;
        }

        if (end == text.Length && !final && end - start <= MaxLength)
        {
            return PiiMatch.Pending;
        }

        var address = text[start..end];
        var found = address.Length switch
        {
            42 when address.StartsWith("0x", StringComparison.Ordinal) => !address[2..].ContainsAnyExcept(HexDigits),
            >= 42 when address.StartsWith("bc1", StringComparison.OrdinalIgnoreCase) || address.StartsWith("ltc1", StringComparison.OrdinalIgnoreCase) => IsBech32(address),
            >= 26 and <= 35 => IsBase58(address),
            _ => false,
        };
        return found ? new PiiMatch(PiiTypes.Crypto, address.Length) : PiiMatch.None;
    }

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");

    // The letters that version bytes turn into: Bitcoin 1 and 3, Litecoin L and M, Dogecoin D, Tron T, Ripple r is another alphabet.
    private static bool CanBegin(ReadOnlySpan<char> text) =>
        text.Length < 2 || text[0] is '1' or '3' or 'L' or 'M' or 'D' or 'T' || (text[0] == '0' && text[1] == 'x')
            || (text[0] is 'b' or 'B' && text[1] is 'c' or 'C') || (text[0] is 'l' && text[1] is 't');

    private static bool IsBase58(ReadOnlySpan<char> address)
    {
        Span<byte> bytes = stackalloc byte[25];
        bytes.Clear();
        foreach (var c in address)
        {
            var carry = Base58.IndexOf(c);
            if (carry < 0)
            {
                return false;
            }

            for (var i = bytes.Length - 1; i >= 0; i--)
            {
                carry += bytes[i] * 58;
                bytes[i] = (byte)carry;
                carry >>= 8;
            }

            if (carry != 0)
            {
                return false;
            }
        }

        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes[..21], hash);
        SHA256.HashData(hash, hash);
        return hash[..4].SequenceEqual(bytes[21..]);
    }

    // BIP 173 and BIP 350: a BCH code over the human-readable part and the data.
    private static bool IsBech32(ReadOnlySpan<char> address)
    {
        var one = address.LastIndexOf('1');
        var sum = 1u;
        foreach (var c in address[..one])
        {
            sum = Step(sum, (uint)char.ToLowerInvariant(c) >> 5);
        }

        sum = Step(sum, 0);
        foreach (var c in address[..one])
        {
            sum = Step(sum, (uint)char.ToLowerInvariant(c) & 31);
        }

        foreach (var c in address[(one + 1)..])
        {
            var value = Bech32.IndexOf(char.ToLowerInvariant(c));
            if (value < 0)
            {
                return false;
            }

            sum = Step(sum, (uint)value);
        }

        return sum is 1 or 0x2bc830a3;
    }

    private static uint Step(uint sum, uint value)
    {
        ReadOnlySpan<uint> generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
        var top = sum >> 25;
        sum = ((sum & 0x1ffffff) << 5) ^ value;
        for (var i = 0; i < 5; i++)
        {
            sum ^= ((top >> i) & 1) == 1 ? generators[i] : 0;
        }

        return sum;
    }
}
