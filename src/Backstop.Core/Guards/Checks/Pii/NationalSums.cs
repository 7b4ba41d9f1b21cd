namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Check digits of national numbers. Digits are values from 0 to 9, of the length that the number has.</summary>
internal static class NationalSums
{
    // Verhoeff 1969: the dihedral group of order ten, and a permutation of period eight.
    private static readonly byte[] Verhoeff =
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 0, 6, 7, 8, 9, 5, 2, 3, 4, 0, 1, 7, 8, 9, 5, 6, 3, 4, 0, 1, 2, 8, 9, 5, 6, 7,
        4, 0, 1, 2, 3, 9, 5, 6, 7, 8, 5, 9, 8, 7, 6, 0, 4, 3, 2, 1, 6, 5, 9, 8, 7, 1, 0, 4, 3, 2, 7, 6, 5, 9, 8, 2, 1, 0, 4, 3,
        8, 7, 6, 5, 9, 3, 2, 1, 0, 4, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    ];

    private static readonly byte[] Permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

    public static bool Aadhaar(ReadOnlySpan<byte> d)
    {
        var check = 0;
        for (var i = 0; i < d.Length; i++)
        {
            int digit = d[^(i + 1)];
            for (var times = i % 8; times > 0; times--)
            {
                digit = Permutation[digit];
            }

            check = Verhoeff[(check * 10) + digit];
        }

        return check == 0 && d[0] >= 2;
    }

    /// <summary>UK health service: weights 10 to 2, the rest of 11.</summary>
    public static bool Nhs(ReadOnlySpan<byte> d) => (11 - (Sum(d[..9], [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 == d[9];

    public static bool Sin(ReadOnlySpan<byte> d) => d[0] != 8 && Checksums.Luhn(d);

    public static bool Tfn(ReadOnlySpan<byte> d) => Sum(d, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 == 0 && d[0] + d[1] + d[2] > 0;

    public static bool Abn(ReadOnlySpan<byte> d) => (Sum(d, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 == 0 && d[0] > 0;

    public static bool Medicare(ReadOnlySpan<byte> d) => d[0] is >= 2 and <= 6 && Sum(d[..8], [1, 3, 7, 9, 1, 3, 7, 9]) % 10 == d[8];

    public static bool Cpf(ReadOnlySpan<byte> d) =>
        !Same(d) && Mod11(d[..9], [10, 9, 8, 7, 6, 5, 4, 3, 2]) == d[9] && Mod11(d[..10], [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == d[10];

    public static bool Cnpj(ReadOnlySpan<byte> d) =>
        !Same(d) && Mod11(d[..12], [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == d[12] && Mod11(d[..13], [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == d[13];

    public static bool Ahv(ReadOnlySpan<byte> d) => d[0] == 7 && d[1] == 5 && d[2] == 6 && Ean(d);

    public static bool Pesel(ReadOnlySpan<byte> d) =>
        Sum(d, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 == 0 && IsDay(d[4..6]) && Two(d, 2) % 20 is >= 1 and <= 12;

    public static bool Nip(ReadOnlySpan<byte> d) => Sum(d[..9], [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d[9] && !Same(d);

    /// <summary>France: thirteen digits and 97 less their rest.</summary>
    public static bool Nir(ReadOnlySpan<byte> d) =>
        d[0] is 1 or 2 && Two(d, 3) is >= 1 and <= 12 or >= 20 and <= 42 or >= 50 && 97 - (Number(d[..13]) % 97) == Number(d[13..]);

    public static bool Bsn(ReadOnlySpan<byte> d) => (Sum(d[..8], [9, 8, 7, 6, 5, 4, 3, 2]) - d[8]) % 11 == 0 && !Same(d);

    /// <summary>Belgium: 97 less the rest; a 2 goes before the numbers of those born since 2000.</summary>
    public static bool Nrn(ReadOnlySpan<byte> d)
    {
        var (body, check) = (Number(d[..9]), Number(d[9..]));
        return Two(d, 2) <= 12 && IsDay(d[4..6], least: 0) && (97 - (body % 97) == check || 97 - ((2_000_000_000 + body) % 97) == check);
    }

    /// <summary>Germany's tax number for life (ISO 7064, mod 11,10), in which one digit comes twice or thrice.</summary>
    public static bool Steuer(ReadOnlySpan<byte> d) => d[0] != 0 && Mod11And10(d) && Repeats(d[..10]);

    public static bool Mod11And10(ReadOnlySpan<byte> d)
    {
        var product = 10;
        foreach (var digit in d[..^1])
        {
            var sum = (digit + product) % 10;
            product = (sum == 0 ? 10 : sum) * 2 % 11;
        }

        return (11 - product) % 10 == d[^1];
    }

    public static bool Personnummer(ReadOnlySpan<byte> d) => Two(d, 2) is >= 1 and <= 12 && IsDay(d[4..6]) && Checksums.Luhn(d);

    public static bool Cpr(ReadOnlySpan<byte> d) => IsDay(d[..2]) && Two(d, 2) is >= 1 and <= 12;

    public static bool Fnr(ReadOnlySpan<byte> d) =>
        IsDay(d[..2]) && Two(d, 2) is >= 1 and <= 12 && Sum(d, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0]) % 11 == 0 && Sum(d, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0;

    public static bool Rrn(ReadOnlySpan<byte> d) =>
        Two(d, 2) is >= 1 and <= 12 && IsDay(d[4..6]) && d[6] is >= 1 and <= 8 && (11 - (Sum(d[..12], [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10 == d[12];

    public static bool MyNumber(ReadOnlySpan<byte> d)
    {
        var rest = Sum(d[..11], [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        return (rest <= 1 ? 0 : 11 - rest) == d[11];
    }

    public static bool Tckn(ReadOnlySpan<byte> d)
    {
        var (odd, even) = (d[0] + d[2] + d[4] + d[6] + d[8], d[1] + d[3] + d[5] + d[7]);
        return d[0] != 0 && ((((odd * 7) - even) % 10) + 10) % 10 == d[9] && (odd + even + d[9]) % 10 == d[10];
    }

    public static bool ZaId(ReadOnlySpan<byte> d) => Two(d, 2) is >= 1 and <= 12 && IsDay(d[4..6]) && d[10] <= 1 && Checksums.Luhn(d);

    public static bool Cnp(ReadOnlySpan<byte> d)
    {
        var rest = Sum(d[..12], [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
        return d[0] != 0 && Two(d, 3) is >= 1 and <= 12 && IsDay(d[5..7]) && (rest == 10 ? 1 : rest) == d[12];
    }

    public static bool RodneCislo(ReadOnlySpan<byte> d) => Number(d) % 11 == 0 && Two(d, 2) % 50 % 20 is >= 1 and <= 12 && IsDay(d[4..6]);

    public static bool Imei(ReadOnlySpan<byte> d) => !Same(d) && Checksums.Luhn(d);

    public static bool Itin(ReadOnlySpan<byte> d) => d[0] == 9 && Two(d, 3) is >= 50 and <= 65 or >= 70 and <= 88 or >= 90 and <= 92 or >= 94;

    public static bool Any(ReadOnlySpan<byte> d) => !Same(d) || d.Length < 5;

    /// <summary>China: 17 digits with a day of birth, then the rest of 11, where 10 is written X.</summary>
    public static bool ResidentId(ReadOnlySpan<char> id)
    {
        var sum = 0;
        for (var i = 0; i < 17; i++)
        {
            if (!char.IsAsciiDigit(id[i]))
            {
                return false;
            }

            sum += (id[i] - '0') * ((1 << (17 - i)) % 11);
        }

        var (year, month, day) = (int.Parse(id[6..10]), int.Parse(id[10..12]), int.Parse(id[12..14]));
        return "10X98765432"[sum % 11] == id[17] && id[0] != '0' && year is > 1880 and < 2100 && month is >= 1 and <= 12 && day is >= 1 and <= 31;
    }

    private static bool Ean(ReadOnlySpan<byte> d)
    {
        var sum = 0;
        for (var i = 0; i < d.Length; i++)
        {
            sum += d[^(i + 1)] * ((i & 1) == 0 ? 1 : 3);
        }

        return sum % 10 == 0;
    }

    private static int Sum(ReadOnlySpan<byte> d, ReadOnlySpan<byte> weights)
    {
        var sum = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            sum += d[i] * weights[i];
        }

        return sum;
    }

    private static int Mod11(ReadOnlySpan<byte> d, ReadOnlySpan<byte> weights) => Sum(d, weights) % 11 is var rest && rest < 2 ? 0 : 11 - rest;

    private static int Two(ReadOnlySpan<byte> d, int at) => (d[at] * 10) + d[at + 1];

    private static bool IsDay(ReadOnlySpan<byte> d, int least = 1) => (d[0] * 10) + d[1] is var day && day >= least && day <= 31;

    private static bool Same(ReadOnlySpan<byte> d) => d.IndexOfAnyExcept(d[0]) < 0;

    private static bool Repeats(ReadOnlySpan<byte> d)
    {
        var seen = 0;
        foreach (var digit in d)
        {
            seen |= 1 << digit;
        }

        return System.Numerics.BitOperations.PopCount((uint)seen) is 8 or 9;
    }

    private static long Number(ReadOnlySpan<byte> d)
    {
        var number = 0L;
        foreach (var digit in d)
        {
            number = (number * 10) + digit;
        }

        return number;
    }
}
