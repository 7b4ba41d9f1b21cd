namespace Backstop.Core.Guards.Text;

/// <summary>Maps a character to the plain one a reader takes it for.</summary>
/// <remarks>
/// Case, full-width and mathematical letters, accents on Latin letters. Characters nobody sees are dropped. Letters of other
/// scripts that look Latin are mapped only in words that mix scripts (<see cref="LooksLatin"/>), as UTS 39 suggests, so that
/// Russian and Greek stay what they are.
/// </remarks>
public static class CharFold
{
    /// <summary>Stands for a character that is not there for a reader.</summary>
    public const char Dropped = '\0';

    // U+00C0 to U+017F; a dot where the character is not a Latin letter.
    private const string Latin =
        "aaaaaaaceeeeiiiidnooooo.ouuuuytsaaaaaaaceeeeiiiidnooooo.ouuuuyty"
        + "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

    private const string Lookalikes = "аaвbсcеeіiјjкkмmнhоoрpѕsтtуyхxԁdαaβbεeιiκkνvοoρpτtυuχx";

    /// <summary>Folds one UTF-16 unit that is not part of a surrogate pair.</summary>
    public static char Fold(char c)
    {
        if (c < 128)
        {
            return c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c;
        }

        return c switch
        {
            >= '\u00c0' and <= '\u017f' => Latin[c - '\u00c0'] == '.' ? ' ' : Latin[c - '\u00c0'],
            >= '\u0300' and <= '\u036f' => Dropped,
            '\u00ad' or '\u034f' or '\u061c' or '\ufeff' => Dropped,
            >= '\u115f' and <= '\u1160' or >= '\u17b4' and <= '\u17b5' or >= '\u180b' and <= '\u180e' => Dropped,
            >= '\u200b' and <= '\u200f' or >= '\u202a' and <= '\u202e' or >= '\u2060' and <= '\u206f' => Dropped,
            '\u3164' or '\uffa0' or >= '\ufe00' and <= '\ufe0f' => Dropped,
            >= '\uff01' and <= '\uff5e' => Fold((char)(c - 0xfee0)),
            '\u2018' or '\u2019' or '\u201b' or '\u02bc' => '\'',
            >= '\u2010' and <= '\u2015' => '-',
            _ => char.ToLowerInvariant(c),
        };
    }

    /// <summary>Folds a surrogate pair: mathematical and enclosed letters to Latin ones, tag characters to nothing.</summary>
    public static char Fold(char high, char low)
    {
        var rune = char.ConvertToUtf32(high, low);
        return rune switch
        {
            >= 0x1d400 and <= 0x1d6a3 => (char)('a' + ((rune - 0x1d400) % 26)),
            >= 0x1d7ce and <= 0x1d7ff => (char)('0' + ((rune - 0x1d7ce) % 10)),
            >= 0x1f130 and <= 0x1f149 => (char)('a' + (rune - 0x1f130)),
            >= 0x1f170 and <= 0x1f189 => (char)('a' + (rune - 0x1f170)),
            >= 0xe0020 and <= 0xe007e => Fold((char)(rune - 0xe0000)),
            >= 0xe0000 and <= 0xe01ef => Dropped,
            _ => low,
        };
    }

    /// <summary>The Latin letter that a Cyrillic or Greek one is mistaken for, or the letter itself.</summary>
    public static char LooksLatin(char c)
    {
        if (c is < '\u0370' or > '\u052f')
        {
            return c;
        }

        for (var i = 0; i < Lookalikes.Length; i += 2)
        {
            if (Lookalikes[i] == c)
            {
                return Lookalikes[i + 1];
            }
        }

        return c;
    }

    /// <summary>The letter a digit or sign stands for among letters, or the character itself.</summary>
    public static char Unleet(char c) => c switch
    {
        '0' => 'o',
        '1' or '!' => 'i',
        '3' => 'e',
        '4' or '@' => 'a',
        '5' or '$' => 's',
        '7' or '+' => 't',
        '8' => 'b',
        _ => c,
    };
}
