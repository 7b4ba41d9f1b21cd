using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Backstop.Core.Inputs;

/// <summary>Names the system's words in a conversation without keeping them: the first 64 bits of a SHA-256 over all of them.</summary>
/// <remarks>
/// Where a template is filled in by the caller every filling has a name of its own: then nothing is familiar, and nothing can
/// be told from a name that is not.
/// </remarks>
public static class PromptFingerprint
{
    /// <summary>A conversation in which the caller puts no words into the system's mouth.</summary>
    public const string None = "none";

    /// <summary>The name of a hash.</summary>
    public static string NameOf(ulong hash) => hash.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The name of a system message.</summary>
    public static string Of(string text) => NameOf(HashOf(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>The hash of a system message in UTF-8; of several, of their hashes one after the other.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
