namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Addresses of network cards: six pairs of hexadecimal digits with one sign between them, or three fours with points.</summary>
internal static class HardwareAddress
{
    private const int Pairs = 17;
    private const int Fours = 14;

    public static PiiMatch Match(ReadOnlySpan<char> text, int start, bool final)
    {
        var end = start;
        while (end < text.Length && end - start <= Pairs && (char.IsAsciiHexDigit(text[end]) || text[end] is ':' or '-' or '.'))
        {
            end++;
        }

        if (end == text.Length && !final && end - start <= Pairs)
        {
            return PiiMatch.Pending;
        }

        var address = text[start..end].TrimEnd(".-:");
        var clean = start + address.Length == text.Length || !char.IsLetterOrDigit(text[start + address.Length]);
        return clean && (IsGrouped(address, Pairs, 2) || IsGrouped(address, Fours, 4)) ? new PiiMatch(PiiTypes.Mac, address.Length) : PiiMatch.None;
    }

    private static bool IsGrouped(ReadOnlySpan<char> address, int length, int group)
    {
        if (address.Length != length || (group == 4) != (address[group] == '.'))
        {
            return false;
        }

        var letters = 0;
        for (var i = 0; i < length; i++)
        {
            if (i % (group + 1) == group ? address[i] != address[group] : !char.IsAsciiHexDigit(address[i]))
            {
                return false;
            }

            letters += char.IsAsciiLetter(address[i]) ? 1 : 0;
        }

        return letters > 0 || address[group] == ':'; // Pairs of decimal digits with hyphens are telephones.
    }
}
