using System.Buffers;

namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Numbers that hold letters: identity cards, tax numbers, vehicles, licences, banks' codes.</summary>
/// <remarks>Reads one run of letters and digits, in groups where it is written in groups, and tries what has its length.</remarks>
internal static class CodeToken
{
    private const int MaxLength = 24;

    // The longest code with a sign before each character, and what must come after it.
    private const int MostWritten = (2 * MaxLength) + 3;

    private const int Unbroken = 18;

    private static readonly SearchValues<char> DigitsAndJoints = SearchValues.Create("0123456789 -.");

    public static PiiMatch Match(ReadOnlySpan<char> text, int start, bool final) =>
        IsNumbersOnly(text[start..]) ? PiiMatch.None : Read(text, start, final);

    private static PiiMatch Read(ReadOnlySpan<char> text, int start, bool final)
    {
        var (count, at, digits) = (0, start, 0);
        for (; at < text.Length && count <= MaxLength; at++)
        {
            if (char.IsAsciiLetterOrDigit(text[at]))
            {
                digits += char.IsAsciiDigit(text[at]) ? 1 : 0;
                count++;
            }
            else if (!IsJoint(text, at, count, digits))
            {
                break;
            }
        }

        // After a sign one must see what it joins; and a letter that comes last, even one too many, may begin a word that is not joined.
        if (!final && at >= text.Length - (count > MaxLength ? 0 : 1))
        {
            return PiiMatch.Pending;
        }

        // Banks' codes have no digits: two capitals and their length are worth a look.
        if (digits < 2 && !(count is 8 or 11 && char.IsAsciiLetterUpper(text[start]) && char.IsAsciiLetterUpper(text[start + 1])))
        {
            return PiiMatch.None;
        }

        // Digits alone have been looked at as a number; only China writes eighteen of them in one.
        if (digits == count && (count != Unbroken || at - start != Unbroken))
        {
            return PiiMatch.None;
        }

        return Longest(text, start, count);
    }

    // The longest beginning that is something, as the text may go on after it.
    private static PiiMatch Longest(ReadOnlySpan<char> text, int start, int count)
    {
        Span<char> code = stackalloc char[MaxLength + 1];
        Span<byte> ends = stackalloc byte[MaxLength + 1]; // Where in the text each character ends.
        for (var (at, read) = (start, 0); read < count; at++)
        {
            if (char.IsAsciiLetterOrDigit(text[at]))
            {
                ends[read] = (byte)(at - start + 1);
                code[read++] = char.ToUpperInvariant(text[at]);
            }
        }

        var said = Context.Before(text, start);
        for (var length = Math.Min(count, MaxLength); length >= 6; length--)
        {
            var end = start + ends[length - 1];
            var clean = end == text.Length || !(char.IsLetterOrDigit(text[end]) || text[end] is '_' or '@');
            if (clean && TypeOf(code[..length], text[start..end], said) is { } type)
            {
                return new PiiMatch(type, end - start);
            }
        }

        return PiiMatch.None;
    }

    // Tables and versions, told at once: no letter within reach, and not the eighteen digits in one.
    private static bool IsNumbersOnly(ReadOnlySpan<char> text) =>
        text.Length >= MostWritten && !text[..MostWritten].ContainsAnyExcept(DigitsAndJoints) && text[..Unbroken].ContainsAnyExceptInRange('0', '9');

    // "QQ 12 34 56 C", "1EG4-TE5-MK72": one sign before a group that goes on; a word is never joined to the next.
    private static bool IsJoint(ReadOnlySpan<char> text, int at, int count, int digits)
    {
        if (text[at] is not (' ' or '-' or '.') || count == 0 || at + 1 >= text.Length || !char.IsAsciiLetterOrDigit(text[at - 1]))
        {
            return false;
        }

        return text[at] == ' '
            ? char.IsAsciiDigit(text[at + 1]) ? digits > 0 || (count <= 2 && char.IsAsciiLetterUpper(text[at - 1])) : EndsWithLetter(text, at + 1) && digits > 3
            : char.IsAsciiLetterOrDigit(text[at + 1]) && (digits > 0 || char.IsAsciiDigit(text[at + 1]));
    }

    // One capital letter that stands alone.
    private static bool EndsWithLetter(ReadOnlySpan<char> text, int at) =>
        char.IsAsciiLetterUpper(text[at]) && (at + 1 == text.Length || !char.IsLetterOrDigit(text[at + 1]));

    private static string? TypeOf(ReadOnlySpan<char> code, ReadOnlySpan<char> written, Said said) => code.Length switch
    {
        8 or 11 when Fits(code, code.Length == 8 ? "AAAAAA**" : "AAAAAA*****") && (said & Said.Bank) != Said.Nothing => PiiTypes.Bic,
        9 when Fits(code, "AA999999A") && CodeSums.Nino(code) => PiiTypes.Nino,
        9 when Fits(code, "A9999999A") && CodeSums.Nric(code) => PiiTypes.Nric,
        9 when (Fits(code, "99999999A") || Fits(code, "A9999999A")) && CodeSums.Nif(code) => code[0] > '9' ? PiiTypes.Nie : PiiTypes.Nif,
        9 when Fits(code, "AA9999999") && CodeSums.Dea(code) && (said & Said.Dea) != Said.Nothing => PiiTypes.Dea,
        10 when Fits(code, "999999*99*") && written.IndexOfAny("-+A") == 6 && CodeSums.Hetu(code) => PiiTypes.Hetu,
        11 when Fits(code, "999999A999*") && code[6] == 'A' && CodeSums.HetuOf2000(code) => PiiTypes.Hetu,
        10 when Fits(code, "AAAAA9999A") && "PCHFATBLJG".Contains(code[3]) => PiiTypes.Pan,
        11 when Fits(code, "9A*9A*9AA99") && CodeSums.Mbi(code) && (written.Contains('-') || (said & Said.Medicare) != Said.Nothing) => PiiTypes.Mbi,
        12 or 13 when Fits(code, code.Length == 12 ? "AAA999999***" : "AAAA999999***") && (said & Said.Rfc) != Said.Nothing => PiiTypes.Rfc,
        16 when Fits(code, "AAAAAA**A**A***A") && CodeSums.FiscalCode(code) => PiiTypes.FiscalCode,
        17 when CodeSums.Vin(code) && (CodeSums.VinHolds(code) || (said & Said.Vehicle) != Said.Nothing) => PiiTypes.Vin,
        18 when Fits(code, "AAAA999999AAAAAA**") && CodeSums.Curp(code) => PiiTypes.Curp,
        18 when NationalSums.ResidentId(code) => PiiTypes.ResidentId,
        _ => null,
    } ?? Told(code, said);

    // These have no form that would prove anything: a word nearby must say what they are.
    private static string? Told(ReadOnlySpan<char> code, Said said)
    {
        var digits = 0;
        foreach (var c in code)
        {
            digits += char.IsAsciiDigit(c) ? 1 : 0;
        }

        if (digits < 4 || code.Length > 15)
        {
            return null;
        }

        return code.Length <= 14 && char.IsAsciiLetter(code[0]) && char.IsAsciiLetter(code[1]) && CodeSums.VatForm(code) && (said & Said.Vat) != Said.Nothing ? PiiTypes.Vat
            : code.Length <= 9 && (said & Said.Passport) != Said.Nothing ? PiiTypes.UsPassport
            : Context.IsLicence(said) ? PiiTypes.DriverLicense
            : null;
    }

    /// <summary>Whether a code has the form: A for a letter, 9 for a digit, * for either.</summary>
    private static bool Fits(ReadOnlySpan<char> code, string form)
    {
        if (code.Length != form.Length)
        {
            return false;
        }

        for (var i = 0; i < form.Length; i++)
        {
            if (form[i] == 'A' ? !char.IsAsciiLetter(code[i]) : form[i] == '9' && !char.IsAsciiDigit(code[i]))
            {
                return false;
            }
        }

        return true;
    }
}
