using System.Buffers;
using System.Globalization;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks.Exfiltration;

/// <summary>An address as it stands in a text, and what its parts could carry.</summary>
internal readonly ref struct WebAddress(ReadOnlySpan<char> text)
{
    private const int MaxLength = 200;

    // Longer than a search or a campaign's name, shorter than a stolen sentence.
    private const int LongValue = 48;
    private const int LongRandom = 20;

    private static readonly string[] Schemes = ["https://", "http://", "ftp://", "wss://", "ws://", "//", "javascript:", "vbscript:", "data:", "mailto:"];

    // Every scheme has one of the last two near its beginning; the others open, close and forget captions.
    private static readonly SearchValues<char> Signs = SearchValues.Create("[]\n:/");

    private static readonly int LongestScheme = Schemes.Max(scheme => scheme.Length);

    private readonly ReadOnlySpan<char> _text = text;

    /// <summary>Runs instead of leading somewhere.</summary>
    public bool IsScript =>
        StartsWith("javascript:") || StartsWith("vbscript:") || (StartsWith("data:") && !StartsWith("data:image/"));

    public bool IsInline => StartsWith("data:image/") || StartsWith("mailto:");

    /// <summary>Whether the name has letters that only look like those of another name.</summary>
    public bool ImitatesHost
    {
        get
        {
            foreach (var label in HostSpan.Split('.'))
            {
                if (Homoglyphs.Plain(HostSpan[label]) is not null)
                {
                    return true;
                }
            }

            return HostSpan.Contains('@');
        }
    }

    /// <summary>Whether query, fragment, path or name are long or random enough to be data and not a name.</summary>
    public bool HasPayload
    {
        get
        {
            if (_text.Length >= MaxLength)
            {
                return true;
            }

            foreach (var label in HostSpan.Split('.'))
            {
                if (IsRandom(HostSpan[label]))
                {
                    return true;
                }
            }

            var rest = _text[(HostStart + HostSpan.Length)..];
            var query = rest.IndexOfAny('?', '#');
            var path = query < 0 ? rest : rest[..query];
            foreach (var part in path.Split('/'))
            {
                if (IsRandom(path[part]))
                {
                    return true;
                }
            }

            var values = query < 0 ? default : rest[(query + 1)..];
            foreach (var part in values.SplitAny("&;="))
            {
                if (IsRandom(values[part]) || values[part].Length >= LongValue)
                {
                    return true;
                }
            }

            return false;
        }
    }

    private int HostStart => _text.IndexOf("//", StringComparison.Ordinal) is >= 0 and var slashes ? slashes + 2 : _text.Length;

    private ReadOnlySpan<char> HostSpan
    {
        get
        {
            var rest = _text[HostStart..];
            var end = rest.IndexOfAny("/?#:\\");
            return end < 0 ? rest : rest[..end];
        }
    }

    /// <summary>The host's name in the letters that are sent.</summary>
    public string Host()
    {
        var host = HostSpan.ToString().ToLowerInvariant();
        try
        {
            return new IdnMapping().GetAscii(host.TrimEnd('.'));
        }
        catch (ArgumentException)
        {
            return host; // No name at all; then it is none that is allowed.
        }
    }

    /// <summary>Where the first address or caption can begin at or after <paramref name="at"/>.</summary>
    public static int Skip(ReadOnlySpan<char> text, int at, bool final)
    {
        var sign = text[at..].IndexOfAny(Signs);
        if (sign >= 0 && text[at + sign] is not (':' or '/'))
        {
            return at + sign;
        }

        var end = sign >= 0 ? at + sign : text.Length;
        return sign < 0 && final ? end : Math.Max(at, end - LongestScheme);
    }

    public static bool CanBegin(ReadOnlySpan<char> text, int at)
    {
        var c = text[at];
        if (c is '/' && (at == 0 || text[at - 1] is '(' or '"' or '\'' or '<' or ' ' or '='))
        {
            return true;
        }

        return char.ToLowerInvariant(c) is 'h' or 'f' or 'w' or 'j' or 'v' or 'd' or 'm' && (at == 0 || !char.IsLetterOrDigit(text[at - 1]));
    }

    /// <summary>The length of the address that begins here, 0 for none, -1 when more text is needed. One that is too long is cut.</summary>
    public static int LengthAt(ReadOnlySpan<char> text, int at, bool final)
    {
        var rest = text[at..];
        foreach (var scheme in Schemes)
        {
            if (rest.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            {
                var end = scheme.Length;
                while (end < rest.Length && end < MaxLength && IsPart(rest[end]))
                {
                    end++;
                }

                if (end == rest.Length && end < MaxLength && !final)
                {
                    return -1;
                }

                var length = end == MaxLength ? end : rest[..end].TrimEnd(".,;:!?").Length;
                return length > scheme.Length ? length : 0;
            }

            if (!final && scheme.AsSpan().StartsWith(rest, StringComparison.OrdinalIgnoreCase))
            {
                return -1;
            }
        }

        return 0;
    }

    private static bool IsPart(char c) =>
        c > ' ' && !char.IsWhiteSpace(c) && c is not (')' or '"' or '\'' or '<' or '>' or ']' or '}' or '|' or '`' or '\\');

    private bool StartsWith(string scheme) => _text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase);

    // Digits amid letters of both cases, or nothing but hexadecimal: no word and no name.
    private static bool IsRandom(ReadOnlySpan<char> part)
    {
        if (part.Length < LongRandom || part.IndexOfAny('-', '.') is >= 0 and < 16)
        {
            return part.Contains('%') && part.Count('%') * 6 > part.Length && part.Length >= LongRandom;
        }

        var (digits, upper, lower) = (0, 0, 0);
        foreach (var c in part)
        {
            digits += char.IsAsciiDigit(c) ? 1 : 0;
            upper += char.IsAsciiLetterUpper(c) ? 1 : 0;
            lower += char.IsAsciiLetterLower(c) ? 1 : 0;
        }

        return digits > 1 && upper + lower > 1 && (upper > 1 || digits * 8 > part.Length);
    }
}
