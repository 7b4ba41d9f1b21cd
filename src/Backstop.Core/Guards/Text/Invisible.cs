namespace Backstop.Core.Guards.Text;

/// <summary>Why a reader does not see a character.</summary>
public enum InvisibleKind
{
    None,

    /// <summary>Tag characters: ASCII that nothing shows.</summary>
    Tag,

    /// <summary>Selects a form of what stands before it; two in a row select nothing.</summary>
    Selector,

    /// <summary>Turns the reading direction by force.</summary>
    Direction,

    /// <summary>Spaces and fillers without width.</summary>
    Space,

    /// <summary>Joiners, at home in emoji and in several scripts.</summary>
    Joiner,

    SoftHyphen,

    /// <summary>Control characters that no text needs.</summary>
    Control,
}

/// <summary>The characters that nothing shows, by why.</summary>
public static class Invisible
{
    public static InvisibleKind KindOf(int rune) => rune switch
    {
        < 0x20 => rune is '\t' or '\n' or '\r' or '\f' or '\v' ? InvisibleKind.None : InvisibleKind.Control,
        < 0x7f => InvisibleKind.None,
        <= 0x9f => rune == 0x85 ? InvisibleKind.None : InvisibleKind.Control,
        0xad => InvisibleKind.SoftHyphen,
        0x200c or 0x200d => InvisibleKind.Joiner,
        0x202d or 0x202e => InvisibleKind.Direction,
        0x034f or 0x061c or 0x115f or 0x1160 or 0x17b4 or 0x17b5 or 0x180e or 0x200b or 0x200e or 0x200f => InvisibleKind.Space,
        >= 0x202a and <= 0x202c or >= 0x2060 and <= 0x206f => InvisibleKind.Space,
        0x3164 or 0xfeff or 0xffa0 => InvisibleKind.Space,
        >= 0x180b and <= 0x180d or >= 0xfe00 and <= 0xfe0f or >= 0xe0100 and <= 0xe01ef => InvisibleKind.Selector,
        >= 0xe0000 and <= 0xe007f => InvisibleKind.Tag,
        _ => InvisibleKind.None,
    };

    /// <summary>Whether a letter is Latin, in which nothing invisible belongs between two letters.</summary>
    public static bool IsLatin(char c) => char.IsAsciiLetter(c) || (c is >= '\u00c0' and <= '\u024f' && char.IsLetter(c));
}

/// <summary>Words that mix Latin letters with letters of other scripts that look like them.</summary>
public static class Homoglyphs
{
    /// <summary>The word in Latin letters, or null when it is an honest word of one script.</summary>
    public static string? Plain(ReadOnlySpan<char> word)
    {
        var (latin, alike) = (0, 0);
        foreach (var c in word)
        {
            if (Invisible.IsLatin(c))
            {
                latin++;
            }
            else if (CharFold.LooksLatin(char.ToLowerInvariant(c)) is >= 'a' and <= 'z')
            {
                alike++;
            }
            else
            {
                return null;
            }
        }

        // One Greek letter beside a unit ("µm", "kΩ") or a variable ("αx") is science.
        return alike == 0 || latin < 2 || word.Length < 4 ? null : string.Create(word.Length, word, static (plain, from) =>
        {
            for (var i = 0; i < from.Length; i++)
            {
                var lower = char.ToLowerInvariant(from[i]);
                var letter = CharFold.LooksLatin(lower);
                plain[i] = letter == lower ? from[i] : lower == from[i] ? letter : char.ToUpperInvariant(letter);
            }
        });
    }
}

internal static class WordEnds
{
    public static readonly System.Buffers.SearchValues<char> Letters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}
