namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Check characters of codes that hold letters. Codes are in capitals, of the form that their kind has.</summary>
internal static class CodeSums
{
    private const string NifLetters = "TRWAGMYFPDXBNJZSQVHLCKE";
    private const string HetuCharacters = "0123456789ABCDEFHJKLMNPRSTUVWXY";

    // By ISO 3779: letters count as digits, and the ninth place holds the rest of eleven.
    private const string VinValues = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ";

    public static bool Nino(ReadOnlySpan<char> code) =>
        "DFIQUV".IndexOf(code[0]) < 0 && "DFIQUVO".IndexOf(code[1]) < 0 && code[8] <= 'D'
            && code[..2] is not ("BG" or "GB" or "KN" or "NK" or "NT" or "TN" or "ZZ");

    public static bool Nif(ReadOnlySpan<char> code)
    {
        var first = "XYZ".IndexOf(code[0]);
        if (char.IsAsciiLetter(code[0]) && first < 0)
        {
            return false;
        }

        var number = int.Parse(code[1..8]) + ((first >= 0 ? first : code[0] - '0') * 10_000_000);
        return NifLetters[number % 23] == code[8];
    }

    public static bool Nric(ReadOnlySpan<char> code)
    {
        ReadOnlySpan<byte> weights = [2, 7, 6, 5, 4, 3, 2];
        var sum = code[0] is 'T' or 'G' ? 4 : code[0] == 'M' ? 3 : 0;
        for (var i = 0; i < 7; i++)
        {
            sum += weights[i] * (code[i + 1] - '0');
        }

        return code[0] switch
        {
            'S' or 'T' => "JZIHGFEDCBA"[sum % 11] == code[8],
            'F' or 'G' => "XWUTRQPNMLK"[sum % 11] == code[8],
            'M' => "XWUTRQPNJLK"[10 - (sum % 11)] == code[8],
            _ => false,
        };
    }

    public static bool Dea(ReadOnlySpan<char> code)
    {
        var d = code[2..];
        return (d[0] - '0' + d[2] - '0' + d[4] - '0' + (2 * (d[1] - '0' + d[3] - '0' + d[5] - '0'))) % 10 == d[6] - '0';
    }

    public static bool Hetu(ReadOnlySpan<char> code) => Hetu(code[..6], code[6..9], code[9]);

    public static bool HetuOf2000(ReadOnlySpan<char> code) => Hetu(code[..6], code[7..10], code[10]);

    private static bool Hetu(ReadOnlySpan<char> birth, ReadOnlySpan<char> number, char check) =>
        int.TryParse(number, out var n) && int.Parse(birth[..2]) is >= 1 and <= 31 && int.Parse(birth[2..4]) is >= 1 and <= 12
            && HetuCharacters[(int)(((int.Parse(birth) * 1000L) + n) % 31)] == check;

    public static bool Mbi(ReadOnlySpan<char> code)
    {
        foreach (var c in code)
        {
            if (c is 'S' or 'L' or 'O' or 'I' or 'B' or 'Z')
            {
                return false;
            }
        }

        return code[0] != '0';
    }

    /// <summary>Italy's codice fiscale: characters in odd places count by a table, those in even places by their order.</summary>
    public static bool FiscalCode(ReadOnlySpan<char> code)
    {
        ReadOnlySpan<byte> odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
        var sum = 0;
        for (var i = 0; i < 15; i++)
        {
            var value = char.IsAsciiDigit(code[i]) ? code[i] - '0' : code[i] - 'A';
            sum += (i & 1) == 0 ? odd[value] : value;
        }

        return sum % 26 == code[15] - 'A' && "ABCDEHLMPRST".Contains(code[8]);
    }

    /// <summary>Letters and digits as in a VIN: no I, O or Q, and some of both kinds.</summary>
    public static bool Vin(ReadOnlySpan<char> code)
    {
        var letters = 0;
        foreach (var c in code)
        {
            if (c is 'I' or 'O' or 'Q')
            {
                return false;
            }

            letters += char.IsAsciiLetter(c) ? 1 : 0;
        }

        return letters is >= 3 and <= 12 && char.IsAsciiDigit(code[16]) && char.IsAsciiDigit(code[15]);
    }

    public static bool VinHolds(ReadOnlySpan<char> code)
    {
        ReadOnlySpan<byte> weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
        var sum = 0;
        for (var i = 0; i < 17; i++)
        {
            sum += weights[i] * (VinValues.IndexOf(code[i]) % 10);
        }

        return code[8] == (sum % 11 == 10 ? 'X' : (char)('0' + (sum % 11)));
    }

    public static bool Curp(ReadOnlySpan<char> code)
    {
        if (code[10] is not ('H' or 'M') || !char.IsAsciiDigit(code[17]))
        {
            return false;
        }

        var sum = 0;
        for (var i = 0; i < 17; i++)
        {
            // The letter that is not of this alphabet, Ñ, has its place between N and O.
            sum += (18 - i) * (char.IsAsciiDigit(code[i]) ? code[i] - '0' : code[i] - 'A' + (code[i] > 'N' ? 11 : 10));
        }

        return (10 - (sum % 10)) % 10 == code[17] - '0';
    }

    /// <summary>Whether a code has the length and check digits that its country's VAT numbers have.</summary>
    public static bool VatForm(ReadOnlySpan<char> code)
    {
        Span<byte> digits = stackalloc byte[16];
        var count = 0;
        foreach (var c in code[2..])
        {
            if (char.IsAsciiDigit(c))
            {
                digits[count++] = (byte)(c - '0');
            }
        }

        var letters = code.Length - 2 - count;
        digits = digits[..count];
        return code[..2] switch
        {
            "DE" => letters == 0 && count == 9 && NationalSums.Mod11And10(digits),
            "IT" => letters == 0 && count == 11 && Checksums.Luhn(digits),
            "PL" => letters == 0 && count == 10 && NationalSums.Nip(digits),
            "AT" => letters == 1 && count == 8 && code[2] == 'U',
            "NL" => letters == 1 && count == 11 && code[11] == 'B',
            "FR" => letters <= 2 && letters + count == 11,
            "ES" or "IE" => letters <= 2 && letters + count is 8 or 9,
            "BE" or "SK" => letters == 0 && count == 10,
            "DK" or "FI" or "HU" or "LU" or "MT" or "SI" => letters == 0 && count == 8,
            "EE" or "EL" or "PT" => letters == 0 && count == 9,
            "GB" or "XI" => letters == 0 && count is 9 or 12,
            "BG" or "CZ" or "HR" or "LT" or "LV" or "RO" or "SE" or "CY" => letters <= 1 && count is >= 8 and <= 12,
            "NO" or "CH" => count == 9,
            _ => false,
        };
    }
}
