namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Addresses of IP version 6 in the forms of RFC 4291: eight groups, or fewer with one double colon.</summary>
internal static class Ipv6Address
{
    private const int MaxLength = 39;

    public static PiiMatch Match(ReadOnlySpan<char> text, int start, bool final)
    {
        var end = start;
        while (end < text.Length && end - start <= MaxLength && (char.IsAsciiHexDigit(text[end]) || text[end] == ':'))
        {
            end++;
        }

        // Also after the longest: what follows its last colon may be another group.
        if (end == text.Length && !final)
        {
            return PiiMatch.Pending;
        }

        if (end < text.Length && (char.IsLetterOrDigit(text[end]) || text[end] is '_'))
        {
            return PiiMatch.None;
        }

        var address = text[start..end].TrimEnd(':');
        return Is(address) ? new PiiMatch(PiiTypes.Ip, address.Length) : PiiMatch.None;
    }

    private static bool Is(ReadOnlySpan<char> address)
    {
        var (groups, size, gaps, digits) = (0, 0, 0, 0);
        for (var i = 0; i < address.Length; i++)
        {
            if (address[i] != ':')
            {
                digits += char.IsAsciiDigit(address[i]) ? 1 : 0;
                if (size++ == 0)
                {
                    groups++;
                }

                if (size > 4)
                {
                    return false;
                }

                continue;
            }

            gaps += i > 0 && address[i - 1] == ':' ? 1 : 0;
            size = 0;
        }

        // A double colon between short words is C++; an address has a digit and some length.
        return gaps == 0 ? groups == 8 : gaps == 1 && groups is >= 2 and < 8 && digits > 0 && address.Length >= 7;
    }
}
