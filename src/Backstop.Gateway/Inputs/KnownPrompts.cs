using System.Text;
using Backstop.Core.Inputs;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Inputs;

/// <summary>The prompts that came lately: an application sends the same with nearly every request, and comparing costs less than hashing and reading.</summary>
/// <remarks>
/// Who asks for the text of one gets the same string each time. So what thousands of rings remember of it is one text in memory, and two
/// that are the same are so at first sight.
/// </remarks>
internal static class KnownPrompts
{
    private const int Longest = 32 * 1024;

    // What comes to a place that is taken takes it over, so that what is kept stays bounded.
    private static readonly Known?[] Places = new Known?[64];

    /// <summary>The <see cref="PromptFingerprint.HashOf"/> of a text.</summary>
    /// <param name="quoted">As it stands in JSON. The same words may be escaped in several ways; almost always they are not at all.</param>
    public static ulong HashOf(ReadOnlySpan<byte> quoted) => Find(quoted) is { } known ? known.Hash
        : IsEscaped(quoted) ? PromptFingerprint.HashOf(Encoding.UTF8.GetBytes(JsonText.At(quoted, ..)))
        : PromptFingerprint.HashOf(quoted[1..^1]);

    /// <summary>A text.</summary>
    /// <param name="quoted">As it stands in JSON, in valid UTF-8.</param>
    public static string TextOf(ReadOnlySpan<byte> quoted) => Find(quoted)?.Text ?? JsonText.At(quoted, ..);

    // Null where it is too long to be kept, or escaped.
    private static Known? Find(ReadOnlySpan<byte> quoted)
    {
        var text = quoted[1..^1];
        ref var place = ref Places[(text.Length ^ (text.Length >> 6)) % Places.Length];
        if (Volatile.Read(ref place) is { } known && text.SequenceEqual(known.Bytes))
        {
            return known;
        }

        if (text.Length > Longest || IsEscaped(quoted))
        {
            return null;
        }

        var found = new Known(text.ToArray(), PromptFingerprint.HashOf(text));
        Volatile.Write(ref place, found);
        return found;
    }

    private static bool IsEscaped(ReadOnlySpan<byte> quoted) => quoted.Contains((byte)'\\');

    private sealed class Known(byte[] bytes, ulong hash)
    {
        public byte[] Bytes => bytes;

        public ulong Hash => hash;

        public string Text => field ??= Encoding.UTF8.GetString(bytes);
    }
}
