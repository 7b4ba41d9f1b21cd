using System.Collections.Frozen;

namespace Backstop.Core.Guards.Text;

/// <summary>Common words written backwards or rotated by thirteen letters, as they stand in a text that is.</summary>
internal static class DisguisedWords
{
    public const int Shortest = 3;
    private const int Longest = 12;
    private const int FilterBits = 12;

    private static readonly string[] Common =
    [
        "the", "and", "you", "your", "all", "not", "are", "with", "for", "that", "this", "from", "what", "now", "previous", "ignore",
        "forget", "instructions", "instruction", "rules", "system", "prompt", "reveal", "password", "secret", "tell", "say", "print",
        "disregard", "above", "show", "give", "how", "make", "write", "answer", "guidelines", "everything", "pretend", "key",
    ];

    private static readonly FrozenSet<string> Rotated = Common.Select(word => Rotate(word)).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    private static readonly FrozenSet<string> Backwards = Common.Select(word => Reverse(word))
        .Where(word => word is not ("lla" or "won" or "era" or "rof" or "yek")).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> RotatedAt = Rotated.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> BackwardsAt = Backwards.GetAlternateLookup<ReadOnlySpan<char>>();

    // By the first three letters and the last, as bits of a hash: one look tells of nearly every other word that it is none of these.
    private static readonly ulong[] Filter = FilterOf([.. Rotated, .. Backwards]);

    /// <summary>Whether a word may be one of these; false for nearly every other word.</summary>
    /// <param name="word">At least <see cref="Shortest"/> characters of ASCII.</param>
    public static bool MayBe(ReadOnlySpan<char> word)
    {
        if (word.Length is < Shortest or > Longest)
        {
            return false;
        }

        var bit = BitOf(word);
        return (Filter[bit / 64] >> (bit % 64) & 1) != 0;
    }

    public static bool IsRotated(ReadOnlySpan<char> word) => RotatedAt.Contains(word);

    public static bool IsBackwards(ReadOnlySpan<char> word) => BackwardsAt.Contains(word);

    public static string Rotate(ReadOnlySpan<char> text)
    {
        var rotated = text.ToArray();
        foreach (ref var c in rotated.AsSpan())
        {
            c = c switch
            {
                >= 'a' and <= 'z' => (char)('a' + ((c - 'a' + 13) % 26)),
                >= 'A' and <= 'Z' => (char)('A' + ((c - 'A' + 13) % 26)),
                _ => c,
            };
        }

        return new string(rotated);
    }

    public static string Reverse(ReadOnlySpan<char> text)
    {
        var reversed = text.ToArray();
        Array.Reverse(reversed);
        return new string(reversed);
    }

    // The low five bits of a letter are the same in both cases.
    private static int BitOf(ReadOnlySpan<char> word) =>
        (((((word[0] & 31) * 27) + (word[1] & 31)) * 27) + (word[2] & 31) + ((word[^1] & 31) * 157)) & ((1 << FilterBits) - 1);

    private static ulong[] FilterOf(IEnumerable<string> words)
    {
        var filter = new ulong[(1 << FilterBits) / 64];
        foreach (var word in words)
        {
            var bit = BitOf(word);
            filter[bit / 64] |= 1UL << (bit % 64);
        }

        return filter;
    }
}
