using Backstop.Core.Inputs;

namespace Backstop.Gateway.Inputs;

/// <summary>Hashes of the prompts that came lately: an application sends the same with nearly every request, and comparing costs less than hashing.</summary>
internal static class KnownPrompts
{
    private const int Longest = 32 * 1024;

    // What comes to a place that is taken takes it over, so that what is kept stays bounded.
    private static readonly Known?[] Places = new Known?[64];

    /// <summary>The <see cref="PromptFingerprint.HashOf"/> of a text.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> text)
    {
        ref var place = ref Places[(text.Length ^ (text.Length >> 6)) % Places.Length];
        if (Volatile.Read(ref place) is { } known && text.SequenceEqual(known.Text))
        {
            return known.Hash;
        }

        var hash = PromptFingerprint.HashOf(text);
        if (text.Length <= Longest)
        {
            Volatile.Write(ref place, new(text.ToArray(), hash));
        }

        return hash;
    }

    private sealed record Known(byte[] Text, ulong Hash);
}
