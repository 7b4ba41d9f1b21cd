namespace Backstop.Core.Guards.Json;

/// <summary>Reads a value generously, and notes each departure from RFC 8259 as an edit.</summary>
internal ref struct LenientReader(ReadOnlySpan<char> text, int start)
{
    private readonly ReadOnlySpan<char> _text = text;
    private readonly List<Edit> _edits = [];
    private int _depth;

    public int At { get; private set; } = start;

    public List<Edit>? ReadDocument() => ReadValue() ? _edits : null;

    private readonly bool Ended => At >= _text.Length;

    private readonly char Now => _text[At];

    private bool ReadValue()
    {
        SkipSpace();
        if (Ended)
        {
            return false;
        }

        return Now switch
        {
            '{' => ReadContainer('}', ReadMember),
            '[' => ReadContainer(']', ReadItem),
            _ when LenientString.IsQuote(Now) => ReadString(name: false),
            _ => ReadBare(),
        };
    }

    private delegate bool ReadPart(scoped ref LenientReader reader);

    private static bool ReadItem(scoped ref LenientReader reader) => reader.ReadValue();

    private static bool ReadMember(scoped ref LenientReader reader)
    {
        if (!(LenientString.IsQuote(reader.Now) ? reader.ReadString(name: true) : reader.ReadBareName()))
        {
            return false;
        }

        reader.SkipSpace();
        if (reader.Ended)
        {
            return false;
        }

        switch (reader.Now)
        {
            case ':':
                reader.At++;
                break;
            case '：':
                reader.Replace(1, ":");
                break;
            case '=':
                reader.Replace(reader.At + 1 < reader._text.Length && reader._text[reader.At + 1] == '>' ? 2 : 1, ":");
                break;
            default:
                return false;
        }

        return reader.ReadValue();
    }

    private bool ReadContainer(char close, ReadPart readPart)
    {
        if (++_depth > JsonParser.MaxDepth)
        {
            return false;
        }

        At++;
        var (comma, afterPart, any) = (-1, -1, false);
        while (true)
        {
            SkipSpace();
            if (Ended)
            {
                Drop(comma);
                Insert(_text.Length, close.ToString());
                break;
            }

            if (Now is '}' or ']')
            {
                Drop(comma);
                if (Now == close)
                {
                    At++;
                }
                else if (_depth > 1 && ClosedByParent(close))
                {
                    Insert(At, close.ToString());
                }
                else
                {
                    Replace(1, close.ToString());
                }

                break;
            }

            if (Now is ',' or '，' or ';')
            {
                // The first comma after a part stays, all others go.
                if (!any || comma >= 0)
                {
                    Replace(1, "");
                }
                else
                {
                    comma = At;
                    Replace(1, ",", keep: Now == ',');
                }

                continue;
            }

            if (_text[At..].StartsWith("...", StringComparison.Ordinal) || Now == '…')
            {
                Replace(Now == '…' ? 1 : 3, "");
                continue;
            }

            if (any && comma < 0)
            {
                Insert(afterPart, ",");
            }

            if (!readPart(ref this))
            {
                return false;
            }

            (comma, afterPart, any) = (-1, At, true);
        }

        _depth--;
        return true;
    }

    // "[1, 2}" inside an object: the list was not closed, the object is.
    private readonly bool ClosedByParent(char close) => Now != close;

    private bool ReadString(bool name)
    {
        if (LenientString.Read(_text, At, name, _edits) is not { } end)
        {
            return false;
        }

        At = end;
        return true;
    }

    private bool ReadBareName()
    {
        var begin = At;
        while (!Ended && (char.IsLetterOrDigit(Now) || Now is '_' or '-' or '$' or '.'))
        {
            At++;
        }

        if (At == begin)
        {
            return false;
        }

        Insert(begin, "\"");
        Insert(At, "\"");
        return true;
    }

    private bool ReadBare()
    {
        var number = JsonParser.EndOfNumber(_text, At);
        if (number > 0 && EndsValue(number))
        {
            At = number;
            return true;
        }

        var begin = At;
        while (!Ended && Now is not (',' or '}' or ']' or '\n' or '{' or '[' or '"' or ':') && !IsComment(At))
        {
            At++;
        }

        var word = _text[begin..At].TrimEnd();
        At = begin + word.Length;
        return word.Length > 0 && BareValue.Translate(word) switch
        {
            null => false,
            { } same when word.SequenceEqual(same) => true,
            { } json => Put(begin, word.Length, json),
        };
    }

    private readonly bool EndsValue(int at) =>
        at >= _text.Length || _text[at] is ',' or '}' or ']' || char.IsWhiteSpace(_text[at]) || IsComment(at);

    private readonly bool IsComment(int at) =>
        _text[at..].StartsWith("//", StringComparison.Ordinal) || _text[at..].StartsWith("/*", StringComparison.Ordinal)
            || (_text[at] == '#' && (at == 0 || char.IsWhiteSpace(_text[at - 1])));

    private void SkipSpace()
    {
        while (!Ended)
        {
            if (Now is ' ' or '\t' or '\n' or '\r')
            {
                At++;
            }
            else if (char.IsWhiteSpace(Now) || Now is '\ufeff' or '\u200b')
            {
                Replace(1, "");
            }
            else if (IsComment(At))
            {
                SkipComment();
            }
            else
            {
                return;
            }
        }
    }

    private void SkipComment()
    {
        var rest = _text[At..];
        var block = rest.StartsWith("/*", StringComparison.Ordinal);
        var length = block ? rest.IndexOf("*/", StringComparison.Ordinal) + 2 : rest.IndexOf('\n');
        Replace(length < (block ? 2 : 0) ? rest.Length : length, "");
    }

    private void Replace(int length, string with, bool keep = false)
    {
        if (!keep)
        {
            Put(At, length, with);
        }

        At += length;
    }

    private readonly bool Put(int at, int length, string with)
    {
        _edits.Add(new Edit(at, length, with, 0));
        return true;
    }

    private readonly void Insert(int at, string what) => Put(at, 0, what);

    private readonly void Drop(int comma)
    {
        if (comma >= 0)
        {
            _edits.RemoveAll(edit => edit.Start == comma && edit.Length == 1);
            Put(comma, 1, "");
        }
    }
}
