using System.Numerics;
using System.Runtime.CompilerServices;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks.Secrets;

/// <summary>Passes over words that neither are nor announce a secret, which is nearly every word of a text.</summary>
/// <remarks>
/// A word before another word, a comma or a full stop assigns nothing, and with another beginning than a provider's it is no
/// key. Only what would be found nothing in is passed over, so that everything is found that would be found without it.
/// </remarks>
internal static class PlainWords
{
    private const int Longest = AsciiBlock.Length;

    // Beyond a word: a sign and the three letters of " is".
    private const int Ahead = 4;

    private enum Sign : byte
    {
        Other,
        Letter,

        /// <summary>Assigns nothing and joins nothing.</summary>
        End,
        Space,
        Point,
        Apostrophe,
        Hyphen,

        /// <summary>Begins nothing where no word stands before it.</summary>
        Idle,
    }

    private static readonly Sign[] Signs = MakeSigns();

    /// <summary>Where the first word begins that needs a closer look, or the text does not say enough about.</summary>
    /// <param name="at">The beginning of a word; one that begins with anything but a letter of ASCII is not passed over.</param>
    public static int Skip(ReadOnlySpan<char> text, int at)
    {
        while (at + Longest + Ahead < text.Length)
        {
            var end = at + ProseBlock.Length <= text.Length ? EndOfWords(text, at) : at;
            end = end == at ? EndOfWord(text, at) : end;
            if (end == at)
            {
                return at;
            }

            for (at = end; at < text.Length && SignOf(text[at]) is Sign.End or Sign.Space or Sign.Point or Sign.Apostrophe or Sign.Idle; at++)
            {
            }
        }

        return at;
    }

    /// <summary>The end of the last of the plain words that come next, of those that one look can tell; where they begin when it can tell none.</summary>
    /// <remarks>Stricter than <see cref="EndOfWord"/>: letters with spaces, commas, full stops and line ends between them, and nothing else.</remarks>
    private static int EndOfWords(ReadOnlySpan<char> text, int at)
    {
        var block = new ProseBlock(text[at..]);
        var (letters, spaces, points, ends) = (block.Letters, block.Of(' '), block.Of('.'), block.Ends);
        var begin = letters & ~(letters << 1);

        // Anything else, long words, and those that are as long as what announces without a sign, and begin like it.
        var unsure = ~(letters | spaces | points | ends);
        var pairs = letters & (letters >> 1);
        var fours = pairs & (pairs >> 2);
        var eights = fours & (fours >> 4);
        var fives = fours & (letters >> 4);
        unsure |= eights & (fours >> (SecretsCheck.ShortWord + 1 - 4));
        unsure |= begin & block.OfLetter('b') & fives & ((block.OfLetter('a') >> 1 & ~(letters >> 5)) | (block.OfLetter('e') >> 1 & (letters >> 5) & ~(letters >> 6)));

        // After a word's space another one must begin, and not with "is".
        unsure |= spaces & ~((ends | (letters & ~(block.OfLetter('i') & (block.OfLetter('s') >> 1)))) >> 1);
        unsure |= points & ~((ends | spaces) >> 1);

        // What comes after a sign near the end is not in sight.
        var sure = Math.Min(BitOperations.TrailingZeroCount(unsure), ProseBlock.Length - Ahead);
        var seen = (1UL << sure) - 1;
        for (var words = begin & seen; words != 0; words &= words - 1)
        {
            var word = BitOperations.TrailingZeroCount(words);
            if (SecretsCheck.MayBeginAt(text, at + word))
            {
                seen = (1UL << word) - 1;
                break;
            }
        }

        var signs = ~letters & seen;
        return signs == 0 ? at : at + BitOperations.Log2(signs);
    }

    /// <summary>Whether a text that goes on ends in the letters of a word: nothing can be said about it yet, and it need not be read again and again.</summary>
    /// <param name="at">The beginning of the word.</param>
    public static bool IsOpen(ReadOnlySpan<char> text, int at)
    {
        if (text.Length - at > Longest)
        {
            return false;
        }

        foreach (var c in text[at..])
        {
            if (SignOf(c) != Sign.Letter)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The end of a word that is plain; its beginning when it is not.</summary>
    private static int EndOfWord(ReadOnlySpan<char> text, int at)
    {
        // A bit for each character that is no letter.
        var others = ~AsciiBlock.Letters(text[at..]);
        var part = at;
        for (; (others & ((1u << Longest) - 1)) != 0; others &= others - 1)
        {
            var i = at + BitOperations.TrailingZeroCount(others);
            var sign = SignOf(text[i]);
            if (i == part || SecretsCheck.BeginsAt(text, part) || IsScheme(text[part..i]))
            {
                return at;
            }

            var joins = sign is Sign.Apostrophe or Sign.Hyphen && SignOf(text[i + 1]) == Sign.Letter;
            if (!joins)
            {
                return EndsPlainly(text, i, sign) ? i : at;
            }

            if (sign == Sign.Apostrophe && text[i + 1] == 'i')
            {
                return at;
            }

            part = i + 1;
        }

        return at;
    }

    // "Bearer" and "Basic" announce without a sign.
    private static bool IsScheme(ReadOnlySpan<char> word) =>
        word[0] is 'b' or 'B' && (word.Equals("bearer", StringComparison.OrdinalIgnoreCase) || word.Equals("basic", StringComparison.OrdinalIgnoreCase));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool EndsPlainly(ReadOnlySpan<char> text, int at, Sign sign) => sign switch
    {
        Sign.End => true,
        Sign.Space => GoesOnPlainly(text, at + 1),
        Sign.Point => SignOf(text[at + 1]) is Sign.End or Sign.Space,
        _ => false,
    };

    private static bool GoesOnPlainly(ReadOnlySpan<char> text, int at) => text[at] switch
    {
        'i' => text[at + 1] != 's',
        >= '0' and <= '9' => true,
        var c => SignOf(c) is Sign.Letter or Sign.End,
    };

    private static Sign SignOf(char c) => c < 128 ? Signs[c] : Sign.Other;

    private static Sign[] MakeSigns()
    {
        var signs = new Sign[128];
        foreach (var c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        {
            signs[c] = Sign.Letter;
        }

        foreach (var c in ",;\n)(?!}]|~*#$%&^/@{[<\t\r")
        {
            signs[c] = Sign.End;
        }

        foreach (var c in "+:=>\"`\\")
        {
            signs[c] = Sign.Idle;
        }

        (signs[' '], signs['.'], signs['\''], signs['-']) = (Sign.Space, Sign.Point, Sign.Apostrophe, Sign.Hyphen);
        return signs;
    }
}
