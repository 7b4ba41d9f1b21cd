namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Decides what a run of digits is: a card, a social security number, an address, a bank's or a doctor's number, a phone.</summary>
/// <remarks>
/// The longest beginning of the run that is something wins; a run may go on after it ("4111 1111 1111 1111 12/27"). Numbers
/// with a check digit need nothing else where the digit proves much; the others need a word nearby that says what they are.
/// </remarks>
internal static class NumberRecogniser
{
    public static PiiMatch Match(ReadOnlySpan<char> text, int start, bool final)
    {
        var run = DigitRun.Read(text, start, final);
        if (run.Pending)
        {
            return PiiMatch.Pending;
        }

        if (run.Overlong || run.Count < 7)
        {
            return PiiMatch.None;
        }

        for (var groups = run.Groups; groups > 0; groups--)
        {
            if (run.DigitsIn(groups) < 7)
            {
                break;
            }

            var end = start + run.Length(groups);
            if (groups < run.Groups && run.After(groups - 1) != ' ')
            {
                continue;
            }

            if (!EndsClean(text, end))
            {
                continue;
            }

            if (TypeOf(ref run, groups, text, start) is { } type)
            {
                return new PiiMatch(type, end - start);
            }
        }

        return PiiMatch.None;
    }

    // Not the beginning of a longer name: "4111111111111111-9", "1234567x", "3.1415.9".
    private static bool EndsClean(ReadOnlySpan<char> text, int end) =>
        end == text.Length || !(char.IsLetterOrDigit(text[end]) || text[end] is '@' or '_' or '%') || text[end] is 'x';

    private static string? TypeOf(ref DigitRun run, int groups, ReadOnlySpan<char> text, int start)
    {
        var digits = run.Digits(groups);
        if (IsCard(ref run, groups, digits))
        {
            return PiiTypes.Card;
        }

        if (IsAddress(ref run, groups, digits))
        {
            return Context.Says(text, start, Context.Version) ? null : PiiTypes.Ip;
        }

        if (IsSsn(ref run, groups, digits, text, start))
        {
            return PiiTypes.Ssn;
        }

        if (groups == 1 && digits.Length == 9 && Checksums.Routing(digits) && Context.Says(text, start, Context.Routing))
        {
            return PiiTypes.Routing;
        }

        if (groups == 1 && digits.Length == 10 && Checksums.Npi(digits) && Context.Says(text, start, Context.Provider))
        {
            return PiiTypes.Npi;
        }

        return PhoneNumber.Is(ref run, groups, text, start) ? PiiTypes.Phone : null;
    }

    private static bool IsCard(ref DigitRun run, int groups, ReadOnlySpan<byte> digits)
    {
        if (digits.Length is < 12 or > 19 || run.Plus || run.Parenthesis)
        {
            return false;
        }

        for (var i = 0; i < groups - 1; i++)
        {
            if (run.After(i) == '.' || run.After(i) != run.After(0) || (i == 0 && run.SizeOf(0) != 4))
            {
                return false;
            }
        }

        return Checksums.Card(digits);
    }

    private static bool IsAddress(ref DigitRun run, int groups, ReadOnlySpan<byte> digits)
    {
        if (groups != 4 || run.Groups != 4 || run.Plus || run.Parenthesis)
        {
            return false;
        }

        for (var (i, at) = (0, 0); i < 4; i++)
        {
            var octet = 0;
            var size = run.SizeOf(i);
            for (var j = 0; j < size; j++)
            {
                octet = (octet * 10) + digits[at + j];
            }

            if (size > 3 || octet > 255 || (size > 1 && digits[at] == 0) || (i < 3 && run.After(i) != '.'))
            {
                return false;
            }

            at += size;
        }

        return true;
    }

    private static bool IsSsn(ref DigitRun run, int groups, ReadOnlySpan<byte> digits, ReadOnlySpan<char> text, int start)
    {
        if (digits.Length != 9 || run.Plus || run.Parenthesis || !Checksums.Ssn(digits))
        {
            return false;
        }

        var grouped = groups == 3 && run.SizeOf(0) == 3 && run.SizeOf(1) == 2 && run.After(0) == run.After(1);
        return (grouped && run.After(0) == '-') || ((grouped || groups == 1) && Context.Says(text, start, Context.Ssn));
    }
}
