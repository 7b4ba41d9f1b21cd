using System.Globalization;
using System.Runtime.CompilerServices;

namespace Backstop.Core.Guards.Text;

/// <summary>Which characters are part of a word, which end it, and which only stand in one, of folded text.</summary>
internal static class WordSigns
{
    // Of the first 64 characters those that a word or an address may go on with.
    private const ulong InWords = (1UL << '!') | (1UL << '#') | (1UL << '$') | (1UL << '\'') | (1UL << '*') | (1UL << ':');

    /// <summary>Whether words after it may be quoted, or are not any more.</summary>
    public static bool IsMark(char c) => c is '\n' or '"' or '“' or '”' or '„' or '«' or '»';

    /// <summary>Whether it is part of a word wherever it stands.</summary>
    /// <remarks>The wide blocks of Chinese and Korean are letters throughout.</remarks>
    public static bool IsLetter(char c) =>
        c is >= 'a' and <= 'z' or >= '0' and <= '9' or >= '\u4e00' and <= '\u9fff' or >= '\uac00' and <= '\ud7a3' || (c > 127 && IsForeignLetter(c));

    /// <summary>Whether it is a space, or a sign that is in no word, masks no letter and is in no address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool EndsWord(char c) => c < 64 && ((InWords >> c) & 1) == 0;

    /// <summary>Where masked letters end: <c>f**k</c> and <c>b****</c> are words, <c>**bold**</c> is not; 0 when none begin.</summary>
    /// <param name="start">Where the word begins.</param>
    /// <param name="at">Where its first asterisk is.</param>
    public static int MaskEnd(ReadOnlySpan<char> text, int start, int at)
    {
        var end = at + 1;
        while (end < text.Length && text[end] == '*')
        {
            end++;
        }

        var inside = end < text.Length && IsLetter(text[end]);
        return inside || (end - at > 1 && at - start <= 5 && (start == 0 || text[start - 1] != '*')) ? end : 0;
    }

    /// <summary>Where a mention or an address ends, which is a name and not a word; 0 when it is none.</summary>
    /// <param name="start">Where what looks like a word begins.</param>
    /// <param name="end">And where it ends.</param>
    public static int Skipped(ReadOnlySpan<char> text, int start, int end)
    {
        if (text[start] == '@')
        {
            return end;
        }

        if (text[start..end] is not ("http" or "https") || !text[end..].StartsWith("://", StringComparison.Ordinal))
        {
            return 0;
        }

        var space = text[end..].IndexOfAny(' ', '\n', '\t');
        return space < 0 ? text.Length : end + space;
    }

    /// <summary>Leaves apostrophes out of a word, where it stands.</summary>
    /// <returns>How long it is then.</returns>
    public static int WithoutApostrophes(Span<char> word)
    {
        var length = 0;
        foreach (var c in word)
        {
            if (c != '\'')
            {
                word[length++] = c;
            }
        }

        return length;
    }

    /// <summary>Takes Greek and Cyrillic letters amid Latin ones for those that they look like.</summary>
    public static void Latinise(Span<char> word)
    {
        if (word.ContainsAnyInRange('a', 'z') && word.ContainsAnyInRange('\u0370', '\u052f'))
        {
            foreach (ref var c in word)
            {
                c = CharFold.LooksLatin(c);
            }
        }
    }

    // In Indian scripts vowels are marks: without them every word would fall apart.
    private static bool IsForeignLetter(char c) => char.GetUnicodeCategory(c) is
        UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
        or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.Surrogate;
}
