using System.Security.Cryptography;
using System.Text;

namespace Backstop.Core.Access;

/// <summary>What is kept of a key: enough to recognise it, not enough to use it.</summary>
/// <param name="Salt">Hexadecimal; another one for every key.</param>
/// <param name="Rounds">How often the slow hash goes round.</param>
/// <param name="Hash">PBKDF2 with HMAC-SHA-256 of the whole key, 32 bytes, hexadecimal.</param>
/// <param name="Check">The first 4 bytes of a fast hash of the salt and the key, hexadecimal.</param>
/// <remarks>
/// A key holds 256 random bits, which no hash of any speed gives away; the slow one is there for the day on which a key was
/// made by a poorer source. But a slow hash that strangers can ask for is a way to keep a server busy, so what is presented is
/// first compared with <paramref name="Check"/>: it lets one wrong secret of four thousand million through to the slow hash, and
/// tells whoever steals the store 32 of 256 bits.
/// </remarks>
public sealed record SecretHash(string Salt, int Rounds, string Hash, string Check)
{
    /// <summary>Rounds of a new hash: some tens of milliseconds of one core, paid once per key and process.</summary>
    public const int UsualRounds = 100_000;

    private const int Bytes = 32;
    private const int CheckBytes = 4;

    /// <summary>What to keep of a new key.</summary>
    /// <param name="key">The whole text.</param>
    /// <param name="salt">16 bytes that were never used before.</param>
    /// <param name="rounds">1 or more.</param>
    public static SecretHash Of(ReadOnlySpan<char> key, ReadOnlySpan<byte> salt, int rounds = UsualRounds) => new(
        Convert.ToHexStringLower(salt),
        rounds,
        Convert.ToHexStringLower(Rfc2898DeriveBytes.Pbkdf2(key, salt, rounds, HashAlgorithmName.SHA256, Bytes)),
        Convert.ToHexStringLower(Fast(key, salt)[..CheckBytes]));

    /// <summary>Whether this is the hash of a key. How long it takes says whether the check let it through, and nothing else.</summary>
    public bool Fits(ReadOnlySpan<char> key)
    {
        var salt = Convert.FromHexString(Salt);
        return CryptographicOperations.FixedTimeEquals(Fast(key, salt)[..CheckBytes], Convert.FromHexString(Check))
            && CryptographicOperations.FixedTimeEquals(
                Rfc2898DeriveBytes.Pbkdf2(key, salt, Rounds, HashAlgorithmName.SHA256, Bytes), Convert.FromHexString(Hash));
    }

    private static ReadOnlySpan<byte> Fast(ReadOnlySpan<char> key, ReadOnlySpan<byte> salt)
    {
        var text = new byte[salt.Length + Encoding.UTF8.GetByteCount(key)];
        salt.CopyTo(text);
        Encoding.UTF8.GetBytes(key, text.AsSpan(salt.Length));
        return SHA256.HashData(text);
    }
}
