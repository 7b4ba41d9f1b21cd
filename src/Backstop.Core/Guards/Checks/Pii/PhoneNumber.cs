namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Telephone numbers. Only international and North American forms speak for themselves; others need a word nearby.</summary>
internal static class PhoneNumber
{
    public static bool Is(ref DigitRun run, int groups, ReadOnlySpan<char> text, int start)
    {
        var count = run.DigitsIn(groups);
        // The rest of a longer number is not a phone number.
        var rest = start > 1 && text[start - 1] == ' ' && DigitRun.ValueOf(text[start - 2]) >= 0;
        if (rest || count is < 7 or > 15 || IsDate(ref run, groups))
        {
            return false;
        }

        if (run.Plus)
        {
            return count >= 8;
        }

        var digits = run.Digits(groups);
        return IsNorthAmerican(ref run, groups)
            || (digits[0] == 0 && digits[1] == 0 && count >= 11 && groups > 1)
            || (digits[0] == 0 && digits[1] != 0 && count is 10 or 11 && groups is 2 or 3 && run.After(0) == ' ' && run.SizeOf(0) >= 3)
            || (count <= 13 && Context.Says(text, start, Context.Phone));
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
        groups == 3 && !run.Plus && !run.Parenthesis && run.After(0) == run.After(1) && run.After(0) is '-' or '.'
            && ((run.SizeOf(0) == 4 && run.SizeOf(1) <= 2 && run.SizeOf(2) <= 2)
                || (run.SizeOf(0) <= 2 && run.SizeOf(1) <= 2 && run.SizeOf(2) == 4));
}
