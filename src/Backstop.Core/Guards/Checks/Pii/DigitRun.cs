using System.Globalization;

namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Digits in groups, as numbers are written: <c>+1 (202) 555-0143</c>, <c>0171/1234567</c>. Digits of all scripts count.</summary>
internal struct DigitRun
{
    private const int MaxDigits = 24;
    private const int MaxLength = 48;

    [System.Runtime.CompilerServices.InlineArray(MaxDigits)]
    private struct DigitBuffer
    {
        private byte _first;
    }

    private DigitBuffer _digits;
    private DigitBuffer _groupEnds;
    private DigitBuffer _textEnds;
    private DigitBuffer _separators;

    /// <summary>How many groups were read.</summary>
    public int Groups { get; private set; }

    public int Count { get; private set; }

    public bool Plus { get; private set; }

    public bool Parenthesis { get; private set; }

    /// <summary>Whether the first group, and it alone, stands in brackets.</summary>
    public bool BracketsFirst { get; private set; }

    /// <summary>More text is needed to know where the number ends.</summary>
    public bool Pending { get; private set; }

    /// <summary>Longer than any number we look for.</summary>
    public bool Overlong { get; private set; }

    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ReadOnlySpan<byte> Digits(int groups) => ((ReadOnlySpan<byte>)_digits)[..DigitsIn(groups)];

    /// <summary>Digits in the first groups together.</summary>
    public readonly int DigitsIn(int groups) => groups == 0 ? 0 : _groupEnds[groups - 1];

    public readonly int SizeOf(int group) => DigitsIn(group + 1) - DigitsIn(group);

    /// <summary>Characters that the first groups take up.</summary>
    public readonly int Length(int groups) => _textEnds[groups - 1];

    /// <summary>The sign after a group: a space, hyphen, point, stroke or bracket; 0 after the last.</summary>
    public readonly char After(int group) => (char)_separators[group];

    public static DigitRun Read(ReadOnlySpan<char> text, int start, bool final)
    {
        var run = new DigitRun();
        run.Fill(text, start, final);
        return run;
    }

    /// <summary>The value of a digit of any script, or -1.</summary>
    public static int ValueOf(char c) =>
        char.IsAsciiDigit(c) ? c - '0' : c < 128 ? -1 : CharUnicodeInfo.GetDecimalDigitValue(c);

    private void Fill(ReadOnlySpan<char> text, int start, bool final)
    {
        var i = start;
        Plus = text[i] == '+';
        i += Plus ? 1 : 0;
        while (true)
        {
            if (i < text.Length && text[i] == '(' && (Groups == 0 || !Parenthesis))
            {
                Parenthesis = true;
                i++;
            }

            var before = Count;
            while (i < text.Length && i - start < MaxLength && ValueOf(text[i]) is >= 0 and var digit)
            {
                if (Count == MaxDigits)
                {
                    Overlong = true;
                    return;
                }

                _digits[Count++] = (byte)digit;
                i++;
            }

            if (i == text.Length && !final)
            {
                Pending = true;
                return;
            }

            if (Count == before)
            {
                return;
            }

            _groupEnds[Groups] = (byte)Count;
            _textEnds[Groups] = (byte)(i - start);
            Groups++;
            if (!NextGroup(text, ref i, start, final))
            {
                return;
            }
        }
    }

    private bool NextGroup(ReadOnlySpan<char> text, ref int i, int start, bool final)
    {
        var end = i;
        if (end < text.Length && text[end] == ')' && Parenthesis)
        {
            BracketsFirst |= Groups == 1;
            end++;
        }

        if (end < text.Length && IsSeparator(text[end]))
        {
            end++;
        }

        // "+49 (30) / 123 456", "(202) - 555": only where the form says that it is a telephone number.
        if ((Plus || Parenthesis) && end + 1 < text.Length && text[end] is '-' or '/' && text[end - 1] == ' ' && text[end + 1] == ' ')
        {
            end += 2;
        }
        else if ((Plus || Parenthesis) && end + 1 >= text.Length && end < text.Length && text[end] is '-' or '/' && text[end - 1] == ' ' && !final)
        {
            Pending = true;
            return false;
        }

        if (end == text.Length)
        {
            Pending = !final;
            return false;
        }

        var more = end > i && (ValueOf(text[end]) >= 0 || (text[end] == '(' && !Parenthesis)) && end - start < MaxLength && Groups < 12;
        if (more)
        {
            _separators[Groups - 1] = text[end - 1] is var c && c > 127 ? (byte)' ' : (byte)c;
            i = end;
        }

        return more;
    }

    private static bool IsSeparator(char c) => c is ' ' or '-' or '.' or '/' or '\u00a0' or '\u2010' or '\u2011' or '\u2013' or '\u202f';
}
