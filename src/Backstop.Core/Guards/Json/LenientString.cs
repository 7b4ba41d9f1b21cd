using System.Buffers;

namespace Backstop.Core.Guards.Json;

/// <summary>Strings in any quotation marks, with marks inside that nobody escaped.</summary>
internal static class LenientString
{
    private const int FarEnough = 200;
    private static readonly SearchValues<char> EndOfPart = SearchValues.Create(",}]:\n\"'");

    public static bool IsQuote(char c) => c is '"' or '\'' or '`' or '“' or '”' or '‘' or '’';

    /// <returns>The position after the string, or null when it does not end.</returns>
    public static int? Read(ReadOnlySpan<char> text, int start, bool name, List<Edit> edits)
    {
        var open = text[start];
        if (open != '"')
        {
            edits.Add(new Edit(start, 1, "\"", 0));
        }

        for (var i = start + 1; i < text.Length;)
        {
            var c = text[i];
            if (c == '\\')
            {
                i += Escape(text, i, edits);
            }
            else if (Closes(open, c) && Ends(text, i + 1, name))
            {
                if (c != '"')
                {
                    edits.Add(new Edit(i, 1, "\"", 0));
                }

                return i + 1;
            }
            else
            {
                if (c == '"')
                {
                    edits.Add(new Edit(i, 0, "\\", 0));
                }
                else if (c < ' ')
                {
                    edits.Add(new Edit(i, 1, Escaped(c), 0));
                }

                i++;
            }
        }

        return null;
    }

    private static bool Closes(char open, char c) => open switch
    {
        '“' or '”' => c is '”' or '“' or '"',
        '‘' or '’' => c is '’' or '‘' or '\'',
        _ => c == open,
    };

    // A mark ends the string when what follows could follow a string; otherwise the writer forgot to escape it.
    private static bool Ends(ReadOnlySpan<char> text, int at, bool name)
    {
        var next = SkipSpace(text, at);
        if (next == text.Length)
        {
            return true;
        }

        if (name)
        {
            return text[next] is ':' or '=' or '：';
        }

        return text[next] switch
        {
            '}' or ']' => true,
            ',' or '，' or ';' => StartsPart(text, SkipSpace(text, next + 1)),
            '/' or '#' => true,
            '`' => true,
            _ => text[at..next].Contains('\n') || StartsName(text, next),
        };
    }

    private static bool StartsPart(ReadOnlySpan<char> text, int at)
    {
        if (at == text.Length || text[at] is '}' or ']' or '{' or '[' or ',' or '/' or '#' || IsQuote(text[at]))
        {
            return true;
        }

        var word = text[at..Math.Min(text.Length, at + FarEnough)];
        var length = word.IndexOfAny(EndOfPart);
        var part = (length < 0 ? word : word[..length]).Trim();
        return (length >= 0 && word[length] == ':' && part.IndexOf(' ') < 0)
            || (part.Length > 0 && (JsonParser.EndOfNumber(part, 0) == part.Length
                || part is "true" or "false" or "null" or "True" or "False" or "None"));
    }

    private static bool StartsName(ReadOnlySpan<char> text, int at)
    {
        if (!IsQuote(text[at]))
        {
            return false;
        }

        var rest = text[(at + 1)..Math.Min(text.Length, at + FarEnough)];
        var end = rest.IndexOf(text[at]);
        return end > 0 && SkipSpace(rest, end + 1) is var colon && colon < rest.Length && rest[colon] == ':';
    }

    private static int SkipSpace(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at;
    }

    private static int Escape(ReadOnlySpan<char> text, int at, List<Edit> edits)
    {
        var length = JsonEscapes.LengthAt(text, at);
        if (length > 0)
        {
            return length;
        }

        if (at + 1 < text.Length && text[at + 1] is '\'' or '`')
        {
            edits.Add(new Edit(at, 1, "", 0));
            return 2;
        }

        edits.Add(new Edit(at, 0, "\\", 0));
        return 1;
    }

    private static string Escaped(char c) => c switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => $"\\u{(int)c:x4}",
    };
}
