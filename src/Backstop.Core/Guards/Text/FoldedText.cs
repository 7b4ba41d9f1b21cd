using System.Globalization;
using Backstop.Core.Guards.Json;

namespace Backstop.Core.Guards.Text;

/// <summary>The words of a stretch of text as a reader takes them, for classifiers: folded, without mentions and addresses.</summary>
/// <remarks>
/// Words keep signs that stand for letters inside them (<c>sh!t</c>), and letters written apart (<c>i d i o t</c>) are one
/// word. In scripts that put no space between words each character is one. One instance is reused again and again by its
/// owner, so that folding allocates nothing.
/// </remarks>
public sealed class FoldedText
{
    private char[] _chars = new char[1024];
    private (int Start, int Length, bool Quoted)[] _words = new (int, int, bool)[256];
    private int _length;

    // The first word after an opening quotation mark, or -1.
    private int _opened;

    public int Count { get; private set; }

    public ReadOnlySpan<char> this[int word] => _chars.AsSpan(_words[word].Start, _words[word].Length);

    /// <summary>A word and what follows it, without spaces: where a script puts none, a listed word may go over several of ours.</summary>
    public ReadOnlySpan<char> From(int word) => _chars.AsSpan(_words[word].Start.._length);

    /// <summary>Whether a word stands between quotation marks, amid words that do not: a text that is all quotation says what it says.</summary>
    public bool IsQuoted(int word) => _words[word].Quoted;

    /// <param name="escaped">Whether backslashes are JSON escapes.</param>
    public void Read(ReadOnlySpan<char> text, bool escaped)
    {
        (_length, Count, _opened) = (0, 0, -1);
        if (_chars.Length < (text.Length * 2) + 2)
        {
            _chars = new char[(text.Length * 2) + 2];
        }

        // The folded characters first, at the end of the array; the words are then copied to its front.
        var folded = FoldChars(text, escaped, _chars.AsSpan(_chars.Length - text.Length));
        Cut(folded);
    }

    /// <summary>Replaces a word by a shorter or equally long spelling of it.</summary>
    public void Respell(int word, ReadOnlySpan<char> spelling)
    {
        spelling.CopyTo(_chars.AsSpan(_words[word].Start));
        _words[word].Length = spelling.Length;
    }

    /// <summary>Takes digits and signs in words that also have letters for the letters they stand for.</summary>
    public void Unleet()
    {
        for (var i = 0; i < Count; i++)
        {
            var word = _chars.AsSpan(_words[i].Start, _words[i].Length);
            if (word.ContainsAnyInRange('a', 'z') && word.ContainsAnyExceptInRange('a', 'z'))
            {
                foreach (ref var c in word)
                {
                    c = CharFold.Unleet(c);
                }
            }
        }
    }

    private static ReadOnlySpan<char> FoldChars(ReadOnlySpan<char> text, bool escaped, Span<char> into)
    {
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (escaped && c == '\\' && JsonEscapes.LengthAt(text, i) is > 0 and var length)
            {
                c = CharFold.Fold(JsonEscapes.CharAt(text, i));
                i += length - 1;
            }
            else if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                c = CharFold.Fold(c, text[++i]);
            }
            else
            {
                c = CharFold.Fold(c);
            }

            if (c != CharFold.Dropped)
            {
                into[count++] = c;
            }
        }

        return into[..count];
    }

    private void Cut(ReadOnlySpan<char> text)
    {
        var spacedFrom = 0;
        var (lastEnd, separator) = (-2, '\0');
        for (var i = 0; i < text.Length;)
        {
            if (!IsLetter(text[i]) && text[i] is not ('@' or '$'))
            {
                Mark(text[i++]);
                continue;
            }

            var end = EndOfWord(text, i);
            if (Skipped(text, i, end) is > 0 and var skipped)
            {
                i = skipped;
                continue;
            }

            // Single letters, each the same sign after the other, are one word: "s-t-o-p n-o-w" are two.
            var apart = i - lastEnd == 1 ? text[lastEnd] : '\0';
            if (end - i > 1 || apart == '\0' || (Count - spacedFrom > 1 && apart != separator))
            {
                JoinSpaced(spacedFrom);
                spacedFrom = end - i == 1 ? Count : Count + 1;
            }

            separator = apart;

            Add(text[i..end]);
            lastEnd = end;
            i = end;
        }

        JoinSpaced(spacedFrom);
        var words = _words.AsSpan(0, Count);
        foreach (var word in words)
        {
            if (!word.Quoted)
            {
                return;
            }
        }

        SetQuoted(words, false);
    }

    // Whatever the marks of a language look like, they come in pairs; one that is never closed quotes nothing.
    private void Mark(char c)
    {
        if (c == '\n')
        {
            _opened = -1;
        }
        else if (c is '"' or '“' or '”' or '„' or '«' or '»')
        {
            if (_opened >= 0)
            {
                SetQuoted(_words.AsSpan(_opened..Math.Max(_opened, Count)), true);
            }

            _opened = _opened >= 0 ? -1 : Count;
        }
    }

    private static void SetQuoted(Span<(int Start, int Length, bool Quoted)> words, bool quoted)
    {
        foreach (ref var word in words)
        {
            word.Quoted = quoted;
        }
    }

    private static bool IsLetter(char c) => c is >= 'a' and <= 'z' or >= '0' and <= '9' || (c > 127 && IsForeignLetter(c));

    // In Indian scripts vowels are marks: without them every word would fall apart.
    private static bool IsForeignLetter(char c) => char.GetUnicodeCategory(c) is
        UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
        or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.Surrogate;

    private static int EndOfWord(ReadOnlySpan<char> text, int start)
    {
        var end = start + 1;
        if (Words.Cjk(text[start]))
        {
            return end;
        }

        while (end < text.Length && !Words.Cjk(text[end]))
        {
            var c = text[end];
            if (c == '*' && MaskEnd(text, start, end) is > 0 and var after)
            {
                end = after;
                continue;
            }

            var inside = c is '@' or '!' or '\'' or '#' && end + 1 < text.Length && IsLetter(text[end + 1]);
            if (!IsLetter(c) && c != '$' && !inside)
            {
                break;
            }

            end++;
        }

        return end;
    }

    // "f**k" and "b****" are words with masked letters; "**bold**" is not.
    private static int MaskEnd(ReadOnlySpan<char> text, int start, int at)
    {
        var end = at + 1;
        while (end < text.Length && text[end] == '*')
        {
            end++;
        }

        var inside = end < text.Length && IsLetter(text[end]);
        return inside || (end - at > 1 && at - start <= 5 && (start == 0 || text[start - 1] != '*')) ? end : 0;
    }

    // Mentions and addresses are names, not words.
    private static int Skipped(ReadOnlySpan<char> text, int start, int end)
    {
        var address = text[start..end] is "http" or "https" && text[end..].StartsWith("://", StringComparison.Ordinal);
        if (!address && text[start] != '@')
        {
            return 0;
        }

        var space = text[end..].IndexOfAny(' ', '\n', '\t');
        return address ? (space < 0 ? text.Length : end + space) : end;
    }

    private void JoinSpaced(int from)
    {
        if (Count - from < 3)
        {
            return;
        }

        var start = _words[from].Start;
        for (var i = from; i < Count; i++)
        {
            _chars[start + i - from] = _chars[_words[i].Start];
        }

        _words[from] = (start, Count - from, _words[from].Quoted);
        _length = start + Count - from;
        Count = from + 1;
    }

    private void Add(ReadOnlySpan<char> word)
    {
        if (Count == _words.Length)
        {
            Array.Resize(ref _words, Count * 2);
        }

        var (start, latin, foreign) = (_length, false, false);
        foreach (var c in word)
        {
            latin |= c is >= 'a' and <= 'z';
            foreign |= c is >= '\u0370' and <= '\u052f';
            if (c != '\'')
            {
                _chars[_length++] = c;
            }
        }

        for (var i = start; latin && foreign && i < _length; i++)
        {
            _chars[i] = CharFold.LooksLatin(_chars[i]);
        }

        _words[Count++] = (start, _length - start, false);
    }
}
