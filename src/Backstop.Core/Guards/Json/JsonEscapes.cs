using System.Globalization;
using System.Text;

namespace Backstop.Core.Guards.Json;

/// <summary>The backslash escapes of JSON strings (RFC 8259, section 7).</summary>
internal static class JsonEscapes
{
    /// <summary>Characters of the escape at a backslash: 2, or 6 for <c>\u</c>; 0 when it is none.</summary>
    public static int LengthAt(ReadOnlySpan<char> text, int at)
    {
        if (at + 1 >= text.Length)
        {
            return 0;
        }

        if (text[at + 1] != 'u')
        {
            return "\"\\/bfnrt".Contains(text[at + 1], StringComparison.Ordinal) ? 2 : 0;
        }

        for (var i = at + 2; i < at + 6; i++)
        {
            if (i >= text.Length || !char.IsAsciiHexDigit(text[i]))
            {
                return 0;
            }
        }

        return 6;
    }

    /// <summary>The character an escape of <see cref="LengthAt"/> stands for.</summary>
    public static char CharAt(ReadOnlySpan<char> text, int at) => text[at + 1] switch
    {
        'b' => '\b',
        'f' => '\f',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => (char)ushort.Parse(text.Slice(at + 2, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        var itself => itself,
    };

    /// <summary>The inside of a string whose escapes are all well formed.</summary>
    public static string Decode(ReadOnlySpan<char> raw)
    {
        if (raw.IndexOf('\\') < 0)
        {
            return raw.ToString();
        }

        var text = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length;)
        {
            var length = raw[i] == '\\' ? LengthAt(raw, i) : 1;
            text.Append(length == 1 ? raw[i] : CharAt(raw, i));
            i += length;
        }

        return text.ToString();
    }
}
