using System.Collections.Frozen;

namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>International bank account numbers (ISO 13616): a country's length, and a remainder of 1 modulo 97.</summary>
internal static class Iban
{
    private const int MaxLength = 34;

    private static readonly FrozenDictionary<string, int> Lengths = Parse(
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 "
        + "GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 "
        + "MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 "
        + "TN24 TR26 UA29 VA22 VG24 XK20");

    private static readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> LengthOf =
        Lengths.GetAlternateLookup<ReadOnlySpan<char>>();

    public static PiiMatch Match(ReadOnlySpan<char> text, int start, bool final)
    {
        Span<char> country = stackalloc char[2];
        for (var i = 0; i < 4; i++)
        {
            if (start + i == text.Length)
            {
                return final ? PiiMatch.None : PiiMatch.Pending;
            }

            var c = text[start + i];
            if (i < 2 ? !char.IsAsciiLetter(c) : !char.IsAsciiDigit(c))
            {
                return PiiMatch.None;
            }

            if (i < 2)
            {
                country[i] = char.ToUpperInvariant(c);
            }
        }

        return LengthOf.TryGetValue(country, out var length) ? MatchRest(text, start, length, final) : PiiMatch.None;
    }

    private static PiiMatch MatchRest(ReadOnlySpan<char> text, int start, int length, bool final)
    {
        Span<char> compact = stackalloc char[MaxLength];
        var (count, at) = (0, start);
        while (count < length)
        {
            if (at == text.Length)
            {
                return final ? PiiMatch.None : PiiMatch.Pending;
            }

            var c = text[at++];
            if (char.IsAsciiLetterOrDigit(c))
            {
                compact[count++] = char.ToUpperInvariant(c);
            }
            else if (c is not (' ' or '-' or '\u00a0') || count % 4 != 0 || !char.IsAsciiLetterOrDigit(text[at - 2]))
            {
                return PiiMatch.None;
            }
        }

        if (at == text.Length && !final)
        {
            return PiiMatch.Pending;
        }

        var ends = at == text.Length || !char.IsLetterOrDigit(text[at]);
        if (!ends)
        {
            return PiiMatch.None;
        }

        // Shaped like one with a wrong check digit: no account, and its end is no other number either.
        return new PiiMatch(Remainder(compact[..count]) == 1 ? PiiTypes.Iban : "", at - start);
    }

    private static int Remainder(ReadOnlySpan<char> iban)
    {
        var remainder = 0;
        for (var i = 0; i < iban.Length; i++)
        {
            var c = iban[(i + 4) % iban.Length];
            remainder = char.IsAsciiDigit(c) ? ((remainder * 10) + (c - '0')) % 97 : ((remainder * 100) + (c - 'A' + 10)) % 97;
        }

        return remainder;
    }

    private static FrozenDictionary<string, int> Parse(string list) =>
        list.Split(' ').ToFrozenDictionary(entry => entry[..2], entry => int.Parse(entry.AsSpan(2)), StringComparer.Ordinal);
}
