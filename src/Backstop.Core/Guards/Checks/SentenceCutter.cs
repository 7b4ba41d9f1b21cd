using System.Buffers;

namespace Backstop.Core.Guards.Checks;

/// <summary>Cuts a text into the stretches that a window check judges one by one: sentences, lines, and JSON strings.</summary>
/// <remarks>
/// Where a stretch ends depends on the text from its start on and on nothing else, so a stream is cut like the finished
/// text. A text that starts like JSON is also cut at its quotation marks: an insult in one member must not be diluted by
/// the keys and values around it.
/// </remarks>
public struct SentenceCutter(int window)
{
    private const int SoftMargin = 120;

    private static readonly SearchValues<char> Ends = SearchValues.Create("\n.!?…。！？");
    private static readonly SearchValues<char> EndsInJson = SearchValues.Create("\n.!?…。！？\"\\");

    private Form _form;
    private bool _inString;

    // How far into an unfinished stretch no end is: a stream must not look at it again with every piece.
    private int _seen;

    private enum Form
    {
        Unknown,
        Prose,
        Json,
    }

    /// <summary>Whether the stretch last cut is the inside of a JSON string, so that backslashes are escapes.</summary>
    public readonly bool Escaped => _form == Form.Json;

    /// <summary>Finds where the stretch that begins at <paramref name="from"/> ends.</summary>
    /// <returns>The position after its last character, or -1 when more text is needed to tell: ask again from the same place.</returns>
    public int Next(ReadOnlySpan<char> text, int from, bool final)
    {
        var end = Find(text, from, final);
        _seen = end < 0 ? _seen : 0;
        return end;
    }

    private int Find(ReadOnlySpan<char> text, int from, bool final)
    {
        if (_form == Form.Unknown && !Recognise(text[from..], final))
        {
            return -1;
        }

        var most = Math.Min(text.Length, from + window);
        var ends = _form == Form.Json ? EndsInJson : Ends;
        for (var i = from + _seen; i < most; i++)
        {
            var skipped = text[i..most].IndexOfAny(ends);
            i = skipped < 0 ? most : i + skipped;
            _seen = i - from;
            if (skipped < 0)
            {
                break;
            }

            switch (text[i])
            {
                case '\n':
                    return i + 1;
                case '.' or '!' or '?' or '…' or '。' or '！' or '？':
                    if (i + 1 == text.Length)
                    {
                        return final ? text.Length : -1;
                    }

                    if (char.IsWhiteSpace(text[i + 1]) || text[i] > '…')
                    {
                        return i + 1;
                    }

                    break;
                case '"':
                    _inString = !_inString;
                    return i + 1;
                case '\\' when _inString:
                    if (i + 1 == text.Length)
                    {
                        return final ? text.Length : -1;
                    }

                    if (text[i + 1] == 'n')
                    {
                        return i + 2;
                    }

                    i++;
                    break;
            }
        }

        if (from + window <= text.Length)
        {
            return CutLong(text, from);
        }

        return final ? text.Length : -1;
    }

    private bool Recognise(ReadOnlySpan<char> text, bool final)
    {
        var start = text[..Math.Min(window, text.Length)].TrimStart();
        if (start.Length == 0 && !final && text.Length < window)
        {
            return false;
        }

        _form = start.Length > 0 && start[0] is '{' or '[' or '`' ? Form.Json : Form.Prose;
        return true;
    }

    private readonly int CutLong(ReadOnlySpan<char> text, int from)
    {
        var end = from + window;
        var space = text.Slice(end - SoftMargin, SoftMargin).LastIndexOf(' ');
        if (space > 0)
        {
            return end - SoftMargin + space;
        }

        return char.IsHighSurrogate(text[end - 1]) ? end - 1 : end;
    }
}
