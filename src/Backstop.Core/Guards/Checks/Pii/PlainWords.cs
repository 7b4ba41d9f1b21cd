using System.Numerics;
using System.Runtime.CompilerServices;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Passes over words that neither are nor begin anything personal, which is nearly every word of a text.</summary>
/// <remarks>
/// A word of a few letters before a space, a comma or a full stop can be no address, number or code: those need a digit, a
/// sign, a certain length or the word "at" right after it. Only what no recogniser would take is passed over, so that
/// everything is found that would be found without it.
/// </remarks>
internal static class PlainWords
{
    // A code of letters alone has more, but for the eight or eleven of a bank's.
    private const int Longest = AsciiBlock.Length;

    // Beyond a word: a sign, a space and the two letters of "at".
    private const int Ahead = 4;

    // A group of a hardware address has two characters, and hyphens may stand between groups.
    private const int ShortestPart = 3;

    private enum Sign : byte
    {
        Other,
        Letter,

        /// <summary>Ends every form that begins with letters.</summary>
        End,
        Space,
        Point,
        Colon,
        Apostrophe,
        Hyphen,
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

            for (at = end; at < text.Length && SignOf(text[at]) is Sign.End or Sign.Space or Sign.Point or Sign.Colon or Sign.Hyphen; at++)
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

        // Anything else, sixteen letters in a row, and words that begin as a bank's code does.
        var others = ~(letters | spaces | points | ends);
        var pairs = letters & (letters >> 1);
        var fours = pairs & (pairs >> 2);
        var eights = fours & (fours >> 4);
        var upper = block.Uppers;
        var unsure = others | (eights & (eights >> 8)) | (letters & ~(letters << 1) & upper & (upper >> 1));

        // What comes after a word's space, or after that of its full stop, may make it part of something.
        var plainSpaces = spaces & ~((others | (block.OfLetter('a') & (block.OfLetter('t') >> 1))) >> 1);
        unsure |= (spaces & ~plainSpaces) | (points & ~((ends | plainSpaces) >> 1));

        // What comes after a sign near the end is not in sight.
        var sure = Math.Min(BitOperations.TrailingZeroCount(unsure), ProseBlock.Length - Ahead);
        var signs = ~letters & ((1UL << sure) - 1);
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
        var (part, hyphen) = (at, false);
        for (; (others & ((1u << Longest) - 1)) != 0; others &= others - 1)
        {
            var i = at + BitOperations.TrailingZeroCount(others);
            var sign = SignOf(text[i]);
            var size = i - part;
            if (size == 0 || (hyphen && size < ShortestPart) || CouldBeBank(text, part, size))
            {
                return at;
            }

            var joins = sign is Sign.Apostrophe or Sign.Hyphen && SignOf(text[i + 1]) == Sign.Letter;
            if (!joins)
            {
                return EndsPlainly(text, i, sign) ? i : at;
            }

            if (sign == Sign.Hyphen && size < ShortestPart)
            {
                return at;
            }

            (part, hyphen) = (i + 1, sign == Sign.Hyphen);
        }

        return at;
    }

    private static bool CouldBeBank(ReadOnlySpan<char> text, int at, int size) =>
        size is 8 or 11 && char.IsAsciiLetterUpper(text[at]) && char.IsAsciiLetterUpper(text[at + 1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool EndsPlainly(ReadOnlySpan<char> text, int at, Sign sign) => sign switch
    {
        Sign.End => true,
        Sign.Space => GoesOnPlainly(text, at + 1),
        Sign.Point => SignOf(text[at + 1]) == Sign.End || (text[at + 1] == ' ' && GoesOnPlainly(text, at + 2)),
        Sign.Colon => SignOf(text[at + 1]) is Sign.End or Sign.Space,
        _ => false,
    };

    // Digits may belong to a code that begins with the word; "at" or a bracket may stand for the sign in an address.
    private static bool GoesOnPlainly(ReadOnlySpan<char> text, int at) => text[at] switch
    {
        'a' or 'A' => text[at + 1] is not ('t' or 'T'),
        >= '0' and <= '9' or '(' or '[' or '{' or '<' => false,
        _ => true,
    };

    private static Sign SignOf(char c) => c < 128 ? Signs[c] : Sign.Other;

    private static Sign[] MakeSigns()
    {
        var signs = new Sign[128];
        foreach (var c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        {
            signs[c] = Sign.Letter;
        }

        foreach (var c in ",;?!)\"/=*#\t\n\r\\|~^$`}]>")
        {
            signs[c] = Sign.End;
        }

        (signs[' '], signs['.'], signs[':'], signs['\''], signs['-']) = (Sign.Space, Sign.Point, Sign.Colon, Sign.Apostrophe, Sign.Hyphen);
        return signs;
    }
}
