using System.Globalization;
using System.Text;
using Backstop.Core.Guards.Json;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Tests.Guards;

/// <summary>The words of a text as <see cref="FoldedText"/> must read them, found one character after the other.</summary>
internal sealed class PlainReading
{
    private readonly string _text;
    private readonly List<(string Letters, bool Quoted)> _words = [];
    private int _opened = -1;

    private PlainReading(string text) => _text = text;

    public static IReadOnlyList<(string Letters, bool Quoted)> Of(string text, bool escaped)
    {
        var reading = new PlainReading(Fold(text, escaped));
        reading.Cut();
        return reading._words.All(word => word.Quoted) ? [.. reading._words.Select(word => (word.Letters, false))] : reading._words;
    }

    private static string Fold(string text, bool escaped)
    {
        var folded = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (escaped && c == '\\' && JsonEscapes.LengthAt(text, i) is > 0 and var length)
            {
                c = CharFold.Fold(JsonEscapes.CharAt(text, i));
                i += length - 1;
            }
            else if (i + 1 < text.Length && char.IsSurrogatePair(c, text[i + 1]))
            {
                c = CharFold.Fold(c, text[++i]);
            }
            else
            {
                c = CharFold.Fold(c);
            }

            folded.Append(c == CharFold.Dropped ? "" : c.ToString());
        }

        return folded.ToString();
    }

    private static bool IsLetter(char c) => c is >= 'a' and <= 'z' or >= '0' and <= '9' || (c > 127 && char.GetUnicodeCategory(c) is
        UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
        or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.Surrogate);

    private void Cut()
    {
        var (spacedFrom, lastEnd, separator) = (0, -2, '\0');
        for (var i = 0; i < _text.Length;)
        {
            if (!IsLetter(_text[i]) && _text[i] is not ('@' or '$'))
            {
                Mark(_text[i++]);
                continue;
            }

            var end = EndOfWord(i);
            if (_text[i..end] is "http" or "https" && _text[end..].StartsWith("://", StringComparison.Ordinal))
            {
                var space = _text.IndexOfAny([' ', '\n', '\t'], end);
                i = space < 0 ? _text.Length : space;
                continue;
            }

            if (_text[i] == '@')
            {
                i = end;
                continue;
            }

            var apart = i - lastEnd == 1 ? _text[lastEnd] : '\0';
            if (end - i > 1 || apart == '\0' || (_words.Count - spacedFrom > 1 && apart != separator))
            {
                JoinSpaced(spacedFrom);
                spacedFrom = end - i == 1 ? _words.Count : _words.Count + 1;
            }

            separator = apart;
            _words.Add((Latin(_text[i..end]), false));
            (lastEnd, i) = (end, end);
        }

        JoinSpaced(spacedFrom);
    }

    private void Mark(char c)
    {
        if (c == '\n')
        {
            _opened = -1;
        }
        else if ("\"“”„«»".Contains(c, StringComparison.Ordinal))
        {
            for (var i = _opened; i >= 0 && i < _words.Count; i++)
            {
                _words[i] = (_words[i].Letters, true);
            }

            _opened = _opened >= 0 ? -1 : _words.Count;
        }
    }

    private int EndOfWord(int start)
    {
        var end = start + 1;
        while (!Words.Cjk(_text[start]) && end < _text.Length && !Words.Cjk(_text[end]))
        {
            var c = _text[end];
            if (c == '*' && MaskEnd(start, end) is > 0 and var after)
            {
                end = after;
            }
            else if (IsLetter(c) || c == '$' || ("@!'#".Contains(c, StringComparison.Ordinal) && end + 1 < _text.Length && IsLetter(_text[end + 1])))
            {
                end++;
            }
            else
            {
                break;
            }
        }

        return end;
    }

    private int MaskEnd(int start, int at)
    {
        var end = at + 1;
        while (end < _text.Length && _text[end] == '*')
        {
            end++;
        }

        var inside = end < _text.Length && IsLetter(_text[end]);
        return inside || (end - at > 1 && at - start <= 5 && (start == 0 || _text[start - 1] != '*')) ? end : 0;
    }

    private void JoinSpaced(int from)
    {
        if (_words.Count - from >= 3)
        {
            _words[from] = (string.Concat(_words[from..].Select(word => word.Letters[0])), _words[from].Quoted);
            _words.RemoveRange(from + 1, _words.Count - from - 1);
        }
    }

    private static string Latin(string word)
    {
        var mixed = word.Any(c => c is >= 'a' and <= 'z') && word.Any(c => c is >= '\u0370' and <= '\u052f');
        return string.Concat(word.Where(c => c != '\'').Select(c => mixed ? CharFold.LooksLatin(c) : c));
    }
}
