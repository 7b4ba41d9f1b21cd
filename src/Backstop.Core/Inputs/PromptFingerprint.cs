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

    private const char OfOwn = '=';
    private const char OfCopy = '~';

    /// <summary>A fingerprint that is the prompt of a release.</summary>
    /// <param name="prompt">The prompt's name.</param>
    public static string Own(string fingerprint, string prompt) => $"{fingerprint}{OfOwn}{prompt}";

    /// <summary>A fingerprint of a text that is much like the prompt of a release and not the same.</summary>
    public static string Copy(string fingerprint, string prompt) => $"{fingerprint}{OfCopy}{prompt}";

    /// <summary>The fingerprint alone: what a gateway knows besides changes with the releases it has, and a text keeps its name.</summary>
    public static string Bare(string counted) => counted.AsSpan().IndexOfAny(OfOwn, OfCopy) is >= 0 and var at ? counted[..at] : counted;

    /// <summary>The prompt that a counted text is; null when it is none.</summary>
    public static string? OwnOf(string counted) => After(counted, OfOwn);

    /// <summary>The prompt that a counted text is a changed copy of; null when it is none.</summary>
    public static string? CopyOf(string counted) => After(counted, OfCopy);

    /// <summary>The name of a hash.</summary>
    public static string NameOf(ulong hash) => hash.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The name of a system message.</summary>
    public static string Of(string text) => NameOf(HashOf(System.Text.Encoding.UTF8.GetBytes(text)));

    private static string? After(string counted, char mark) =>
        counted.AsSpan().IndexOfAny(OfOwn, OfCopy) is >= 0 and var at && counted[at] == mark ? counted[(at + 1)..] : null;

    /// <summary>The hash of a system message in UTF-8; of several, of their hashes one after the other.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
