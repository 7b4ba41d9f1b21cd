using System.Globalization;
using System.Numerics;

namespace Backstop.Core.Guards.Json;

/// <summary>A decimal number, exact: mantissa times a power of ten, without trailing zeros in the mantissa.</summary>
/// <remarks>
/// Exact so that 1.0 is an integer, 0.3 a multiple of 0.1, and two amounts that differ in the twentieth digit differ.
/// Digits after the first 1,000 are not looked at and exponents stop at a million: nobody means them, and a guard must not
/// be slowed down by them.
/// </remarks>
public readonly record struct JsonNumber(BigInteger Mantissa, int Exponent)
{
    private const int MostDigits = 1000;
    private const int MostExponent = 1_000_000;

    public bool IsInteger => Exponent >= 0;

    /// <param name="literal">A number as RFC 8259 writes it.</param>
    public static JsonNumber Parse(ReadOnlySpan<char> literal)
    {
        var e = literal.IndexOfAny('e', 'E');
        var exponent = e < 0 ? 0 : ParseExponent(literal[(e + 1)..]);
        var digits = e < 0 ? literal : literal[..e];
        var negative = digits[0] == '-';
        digits = negative ? digits[1..] : digits;
        var point = digits.IndexOf('.');
        var kept = new char[Math.Min(digits.Length, MostDigits)];
        var (count, scale) = (0, 0);
        for (var i = 0; i < digits.Length; i++)
        {
            if (i == point)
            {
                continue;
            }

            var leading = count == 0 && digits[i] == '0';
            var fits = leading || count < kept.Length;
            if (fits && !leading)
            {
                kept[count++] = digits[i];
            }

            scale += (fits, point >= 0 && i > point) switch
            {
                (true, true) => -1,
                (false, false) => 1,
                _ => 0,
            };
        }

        var mantissa = count == 0 ? BigInteger.Zero : BigInteger.Parse(kept.AsSpan(0, count), NumberStyles.None, CultureInfo.InvariantCulture);
        return Normal(negative ? -mantissa : mantissa, exponent + scale);
    }

    public int Compare(JsonNumber other)
    {
        if (Mantissa.Sign != other.Mantissa.Sign || Mantissa.IsZero)
        {
            return Mantissa.Sign.CompareTo(other.Mantissa.Sign);
        }

        var (mine, theirs) = (Digits + Exponent, other.Digits + other.Exponent);
        if (mine != theirs)
        {
            return Mantissa.Sign * mine.CompareTo(theirs);
        }

        var low = Math.Min(Exponent, other.Exponent);
        return Scaled(low).CompareTo(other.Scaled(low));
    }

    /// <summary>Whether this is a whole number of <paramref name="step"/>s.</summary>
    public bool IsMultipleOf(JsonNumber step)
    {
        if (Mantissa.IsZero)
        {
            return true;
        }

        // Our mantissa does not end in zero, so nothing with a larger power of ten divides it.
        return Exponent >= step.Exponent
            && (BigInteger.Remainder(Mantissa, step.Mantissa)
                * BigInteger.ModPow(10, Exponent - step.Exponent, BigInteger.Abs(step.Mantissa)) % step.Mantissa).IsZero;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Mantissa}e{Exponent}");

    private int Digits => (int)Math.Floor(BigInteger.Log10(BigInteger.Abs(Mantissa)) + 1e-9) + 1;

    private BigInteger Scaled(int exponent) => Mantissa * BigInteger.Pow(10, Exponent - exponent);

    private static JsonNumber Normal(BigInteger mantissa, int exponent)
    {
        if (mantissa.IsZero)
        {
            return new JsonNumber(BigInteger.Zero, 0);
        }

        while (true)
        {
            var quotient = BigInteger.DivRem(mantissa, 10, out var rest);
            if (!rest.IsZero)
            {
                return new JsonNumber(mantissa, exponent);
            }

            (mantissa, exponent) = (quotient, exponent + 1);
        }
    }

    private static int ParseExponent(ReadOnlySpan<char> text)
    {
        var negative = text[0] == '-';
        var value = 0;
        foreach (var c in text)
        {
            if (char.IsAsciiDigit(c))
            {
                value = Math.Min(MostExponent, (value * 10) + (c - '0'));
            }
        }

        return negative ? -value : value;
    }
}
