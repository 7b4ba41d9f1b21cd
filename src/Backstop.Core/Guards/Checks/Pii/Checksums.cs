namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Check digits. Digits are values from 0 to 9.</summary>
internal static class Checksums
{
    /// <summary>ISO/IEC 7812-1, annex B: every second digit from the right is doubled; the sum ends in zero.</summary>
    public static bool Luhn(ReadOnlySpan<byte> digits, int initial = 0)
    {
        var sum = initial;
        for (var i = 0; i < digits.Length; i++)
        {
            int digit = digits[^(i + 1)];
            sum += (i & 1) == 0 ? digit : digit > 4 ? (digit * 2) - 9 : digit * 2;
        }

        return sum % 10 == 0;
    }

    /// <summary>Numbers of US health-care providers: Luhn with the prefix 80840, which adds 24.</summary>
    public static bool Npi(ReadOnlySpan<byte> digits) => digits[0] is 1 or 2 && Luhn(digits, initial: 24);

    /// <summary>Routing numbers of US banks: weights 3, 7, 1, and a first pair that was given out.</summary>
    public static bool Routing(ReadOnlySpan<byte> digits)
    {
        var sum = 0;
        for (var i = 0; i < 9; i++)
        {
            sum += digits[i] * (i % 3 == 0 ? 3 : i % 3 == 1 ? 7 : 1);
        }

        var district = (digits[0] * 10) + digits[1];
        return sum % 10 == 0 && sum > 0 && district is <= 12 or >= 21 and <= 32 or >= 61 and <= 72 or 80;
    }

    /// <summary>Numbers the US Social Security Administration can have issued.</summary>
    public static bool Ssn(ReadOnlySpan<byte> digits)
    {
        var area = (digits[0] * 100) + (digits[1] * 10) + digits[2];
        return area is > 0 and < 900 and not 666
            && digits[3] + digits[4] > 0
            && digits[5] + digits[6] + digits[7] + digits[8] > 0;
    }

    /// <summary>Whether an issuer gives out card numbers with this beginning and length.</summary>
    public static bool Card(ReadOnlySpan<byte> digits)
    {
        var (two, three, four) = (Leading(digits, 2), Leading(digits, 3), Leading(digits, 4));
        return digits.Length switch
        {
            12 => IsMaestro(two, four),
            13 => digits[0] == 4 || IsMaestro(two, four),
            14 => three is >= 300 and <= 305 or 309 || two is 36 or 38 or 39 || IsMaestro(two, four),
            15 => two is 34 or 37 || four is 2131 or 1800 || IsMaestro(two, four),
            16 => digits[0] == 4 || two is >= 51 and <= 55 or 60 or 62 or 64 or 65 or 35 or 36 || four is >= 2200 and <= 2720 || IsMaestro(two, four),
            17 or 18 => two is 62 or 35 || IsMaestro(two, four),
            19 => digits[0] == 4 || two is 60 or 62 or 64 or 65 or 35 || IsMaestro(two, four),
            _ => false,
        } && Luhn(digits);
    }

    private static bool IsMaestro(int two, int four) =>
        two is 50 or 56 or 57 or 58 or 63 or 67 || four is 604;

    private static int Leading(ReadOnlySpan<byte> digits, int count)
    {
        var value = 0;
        for (var i = 0; i < count; i++)
        {
            value = (value * 10) + digits[i];
        }

        return value;
    }
}
