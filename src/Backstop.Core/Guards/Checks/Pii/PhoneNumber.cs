namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Telephone numbers: those whose form speaks for itself, and others where a word before or right after them does.</summary>
internal static class PhoneNumber
{
    /// <summary>Null when the text that follows must come before one can tell.</summary>
    public static bool? Is(ref DigitRun run, int groups, Said said, bool whole, ReadOnlySpan<char> text, int start, bool final)
    {
        var count = run.DigitsIn(groups);
        // The rest of a longer number is not a phone number, and neither is a number with a fraction.
        var rest = !whole && !run.Plus && !run.Parenthesis;
        if (count is < 6 or > 15 || IsDate(ref run, groups) || (groups == 2 && run.After(0) == '.' && !run.Plus))
        {
            return false;
        }

        if (run.Plus)
        {
            return count >= 8;
        }

        if (!rest && count >= 7 && (SpeaksForItself(ref run, groups, count) || (count <= 13 && said.HasFlag(Said.Phone))))
        {
            return true;
        }

        // Six digits are too few to ask what follows, unless they are in pairs as nobody writes other numbers.
        var asks = count is >= 7 and <= 13 || (count == 6 && groups == 3 && run.SizeOf(0) == 2 && run.SizeOf(1) == 2);
        if (!asks || groups < run.Groups)
        {
            return false;
        }

        return !rest && said.HasFlag(Said.Phone) ? true : Context.IsPhoneAfter(text, start + run.Length(groups), final);
    }

    private static bool SpeaksForItself(ref DigitRun run, int groups, int count)
    {
        var digits = run.Digits(groups);
        return IsNorthAmerican(ref run, groups)
            || IsWithAreaInBrackets(ref run, groups, count)
            || (digits[0] == 0 && digits[1] == 0 && count >= 11 && groups > 1 && run.After(0) != '.')
            || IsWithTrunkPrefix(ref run, groups, count, digits);
    }

    // 020 7946 0818, 07700 900123, 06 12 34 56 78, 0171/1234567, 06-12345678: a zero that only calls at home begin with.
    private static bool IsWithTrunkPrefix(ref DigitRun run, int groups, int count, ReadOnlySpan<byte> digits)
    {
        if (digits[0] != 0 || digits[1] == 0 || count is < 9 or > 12 || groups is < 2 or > 6 || run.After(0) is not (' ' or '-' or '/'))
        {
            return false;
        }

        if (groups == 2)
        {
            return count is 10 or 11 && run.SizeOf(0) is >= 2 and <= 5 && (run.After(0) != ' ' || run.SizeOf(0) >= 3);
        }

        for (var i = 1; i < groups; i++)
        {
            if (run.SizeOf(i) < 2 || (i < groups - 1 && run.After(i) != run.After(1)))
            {
                return false;
            }
        }

        var social = count == 9 && groups == 3 && run.SizeOf(0) == 3 && run.SizeOf(1) == 2;
        return !social && (run.SizeOf(0) >= 3 || (run.SizeOf(0) == 2 && count == 10));
    }

    // (37) 788-063, (84) 7564-8830, (021) 123 4567.
    private static bool IsWithAreaInBrackets(ref DigitRun run, int groups, int count)
    {
        if (!run.BracketsFirst || groups is < 2 or > 4 || count is < 8 or > 11 || run.SizeOf(0) is < 2 or > 5)
        {
            return false;
        }

        for (var i = 1; i < groups; i++)
        {
            if (run.SizeOf(i) is < 2 or > 5)
            {
                return false;
            }
        }

        return true;
    }

    // (202) 555-0143, 202-555-0143, 202.555.0143, 202 555 0143, with or without the country's 1 or 001.
    private static bool IsNorthAmerican(ref DigitRun run, int groups)
    {
        var first = groups - 3;
        if (first is < 0 or > 1 || run.SizeOf(first) != 3 || run.SizeOf(first + 1) != 3 || run.SizeOf(first + 2) != 4)
        {
            return false;
        }

        return first == 0 || run.Digits(1) is [1] or [0, 0, 1];
    }

    private static bool IsDate(ref DigitRun run, int groups) =>
        groups == 3 && !run.Plus && !run.Parenthesis && run.After(0) == run.After(1) && run.After(0) is '-' or '.' or '/'
            && ((run.SizeOf(0) == 4 && run.SizeOf(1) <= 2 && run.SizeOf(2) <= 2)
                || (run.SizeOf(0) <= 2 && run.SizeOf(1) <= 2 && run.SizeOf(2) == 4));
}
