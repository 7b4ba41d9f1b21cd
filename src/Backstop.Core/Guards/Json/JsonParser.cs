namespace Backstop.Core.Guards.Json;

/// <param name="Position">Where in the text the rule was broken.</param>
public sealed record JsonSyntaxError(int Position, string Message);

/// <summary>Reads one JSON document, exactly as RFC 8259 has it: no comments, no trailing commas, nothing after the value.</summary>
/// <remarks>Deeper nesting than <see cref="MaxDepth"/> is an error, so that no input can exhaust the stack.</remarks>
public ref struct JsonParser
{
    public const int MaxDepth = 512;

    private readonly ReadOnlySpan<char> _text;
    private int _at;
    private int _depth;
    private JsonSyntaxError? _error;

    private JsonParser(ReadOnlySpan<char> text) => _text = text;

    /// <returns>The value, or null and the first error.</returns>
    public static JsonValue? Parse(ReadOnlySpan<char> text, out JsonSyntaxError? error)
    {
        var parser = new JsonParser(text);
        var value = parser.ReadValue();
        parser.SkipSpace();
        if (value is not null && parser._at < text.Length)
        {
            value = parser.Fail("only one value is allowed");
        }

        error = parser._error;
        return value;
    }

    /// <summary>The rule for names and strings: everything from the quotation mark to its partner.</summary>
    internal static bool TryReadString(ReadOnlySpan<char> text, int at, out int end, out string? value)
    {
        var parser = new JsonParser(text) { _at = at };
        value = parser.ReadText();
        end = parser._at;
        return value is not null;
    }

    /// <summary>The end of the number literal that begins at <paramref name="at"/>, or -1 when there is none.</summary>
    internal static int EndOfNumber(ReadOnlySpan<char> text, int at)
    {
        var parser = new JsonParser(text) { _at = at };
        return parser.SkipNumber() ? parser._at : -1;
    }

    private JsonValue? ReadValue()
    {
        SkipSpace();
        var start = _at;
        if (_at == _text.Length)
        {
            return Fail("a value is missing");
        }

        JsonValue? value = _text[_at] switch
        {
            '{' => ReadMap(start),
            '[' => ReadList(start),
            '"' => ReadText() is { } text ? new JsonValue.Text(text) { Start = start } : null,
            't' => ReadWord("true") ? new JsonValue.Bool(true) { Start = start } : null,
            'f' => ReadWord("false") ? new JsonValue.Bool(false) { Start = start } : null,
            'n' => ReadWord("null") ? new JsonValue.Null { Start = start } : null,
            _ => SkipNumber() ? new JsonValue.Number(JsonNumber.Parse(_text[start.._at])) { Start = start } : null,
        };
        value?.End = _at;
        return value;
    }

    private JsonValue? ReadMap(int start)
    {
        if (!Enter())
        {
            return null;
        }

        var members = new List<(string Name, JsonValue Value)>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        SkipSpace();
        var first = true;
        while (!Take('}'))
        {
            if (!first && !Expect(','))
            {
                return null;
            }

            first = false;
            SkipSpace();
            if (ReadText() is not { } name)
            {
                return Fail("a name in quotation marks is missing");
            }

            SkipSpace();
            if (!Expect(':') || ReadValue() is not { } value)
            {
                return null;
            }

            if (places.TryAdd(name, members.Count))
            {
                members.Add((name, value));
            }
            else
            {
                members[places[name]] = (name, value);
            }

            SkipSpace();
        }

        _depth--;
        return new JsonValue.Map(members) { Start = start };
    }

    private JsonValue? ReadList(int start)
    {
        if (!Enter())
        {
            return null;
        }

        var items = new List<JsonValue>();
        SkipSpace();
        while (!Take(']'))
        {
            if ((items.Count > 0 && !Expect(',')) || ReadValue() is not { } item)
            {
                return null;
            }

            items.Add(item);
            SkipSpace();
        }

        _depth--;
        return new JsonValue.List(items) { Start = start };
    }

    private string? ReadText()
    {
        if (!Take('"'))
        {
            return null;
        }

        var start = _at;
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (c == '"')
            {
                var raw = _text[start.._at++];
                return JsonEscapes.Decode(raw);
            }

            if (c < ' ')
            {
                Fail("a control character must be written as an escape");
                return null;
            }

            var length = c == '\\' ? JsonEscapes.LengthAt(_text, _at) : 1;
            if (length == 0)
            {
                Fail("this is not an escape of JSON");
                return null;
            }

            _at += length;
        }

        Fail("the text does not end");
        return null;
    }

    private bool SkipNumber()
    {
        var start = _at;
        Take('-');
        if (!Take('0') && !SkipDigits())
        {
            _at = start;
            Fail("this is not a value of JSON");
            return false;
        }

        if (Take('.') && !SkipDigits())
        {
            Fail("a digit must follow the point");
            return false;
        }

        if (Take('e') || Take('E'))
        {
            _ = Take('+') || Take('-');
            if (!SkipDigits())
            {
                Fail("a digit must follow the exponent");
                return false;
            }
        }

        return true;
    }

    private bool SkipDigits()
    {
        var start = _at;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
        {
            _at++;
        }

        return _at > start;
    }

    private bool ReadWord(string word)
    {
        if (!_text[_at..].StartsWith(word, StringComparison.Ordinal))
        {
            Fail("this is not a value of JSON");
            return false;
        }

        _at += word.Length;
        return true;
    }

    private bool Enter()
    {
        _at++;
        if (++_depth > MaxDepth)
        {
            Fail("nested too deeply");
            return false;
        }

        return true;
    }

    private bool Take(char c)
    {
        if (_at < _text.Length && _text[_at] == c)
        {
            _at++;
            return true;
        }

        return false;
    }

    private bool Expect(char c)
    {
        if (!Take(c))
        {
            Fail($"'{c}' is missing");
            return false;
        }

        return true;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\n' or '\r')
        {
            _at++;
        }
    }

    private JsonValue? Fail(string message)
    {
        _error ??= new JsonSyntaxError(_at, message);
        return null;
    }
}
