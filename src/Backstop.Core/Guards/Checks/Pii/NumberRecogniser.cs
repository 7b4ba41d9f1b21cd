namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Decides what a run of digits is: a card, a social security number, an address, a bank's or a state's number, a phone.</summary>
/// <remarks>
/// The longest beginning of the run that is something wins; a run may go on after it ("4111 1111 1111 1111 12/27"). Numbers
/// with a check digit need nothing else where the digit proves much; the others need a word nearby that says what they are.
/// </remarks>
internal static class NumberRecogniser
{
    private const int FewestOfPhone = 7;
    private const int NearReach = 16;

    // France writes its numbers in seven.
    private const int MostGroups = 7;

    public static PiiMatch Match(ReadOnlySpan<char> text, int start, bool final)
    {
        var run = DigitRun.Read(text, start, final);
        if (run.Pending)
        {
            return PiiMatch.Pending;
        }

        // Digits one by one are no number, and a table of them must not cost more than prose.
        var single = run.Groups > 2 && run.SizeOf(0) == 1 && run.SizeOf(1) == 1;
        if (run.Overlong || run.Count < NationalNumber.Fewest || single)
        {
            return PiiMatch.None;
        }

        // Numbers this short are everywhere: the word must stand right before them.
        var said = Context.Before(text, start, run.Count < 6 ? NearReach : Context.Reach);
        var whole = start < 2 || text[start - 1] != ' ' || DigitRun.ValueOf(text[start - 2]) < 0;
        var amid = said == Said.Nothing && !whole && !run.Plus && !run.Parenthesis;
        for (var groups = Math.Min(run.Groups, MostGroups); groups > 0 && run.DigitsIn(groups) >= NationalNumber.Fewest; groups--)
        {
            var end = start + run.Length(groups);
            var inside = groups < run.Groups;
            if ((inside && ((amid && !MaySpeak(ref run, groups)) || run.After(groups - 1) is not (' ' or '/'))) || !EndsClean(text, end))
            {
                continue;
            }

            if (TypeOf(ref run, groups, said, whole) is { } type)
            {
                return new PiiMatch(type, end - start);
            }

            switch (PhoneNumber.Is(ref run, groups, said, whole, text, start, final))
            {
                case true:
                    return new PiiMatch(PiiTypes.Phone, end - start);
                case null:
                    return PiiMatch.Pending;
            }
        }

        return PiiMatch.None;
    }

    // Amid a row of numbers that nobody says anything about, what is something by its form alone begins like an address, a social
    // security number or a card. Rows of numbers are long, and every number of one begins a number.
    private static bool MaySpeak(ref DigitRun run, int groups) => groups == 1 || run.After(0) is '.' or '-' || run.SizeOf(0) == 4;

    // Not the beginning of a longer name: "4111111111111111-9", "1234567x", "3.1415.9".
    private static bool EndsClean(ReadOnlySpan<char> text, int end) =>
        end == text.Length || !(char.IsLetterOrDigit(text[end]) || text[end] is '@' or '_' or '%') || text[end] is 'x';

    private static string? TypeOf(ref DigitRun run, int groups, Said said, bool whole)
    {
        var digits = run.Digits(groups);
        if (IsAddress(ref run, groups, digits, said))
        {
            return said.HasFlag(Said.Version) ? null : PiiTypes.Ip;
        }

        if (digits.Length >= FewestOfPhone)
        {
            if (IsCard(ref run, groups, digits))
            {
                return PiiTypes.Card;
            }

            if (IsSsn(ref run, groups, digits, said))
            {
                return PiiTypes.Ssn;
            }

            if (groups == 1 && digits.Length == 9 && Checksums.Routing(digits) && said.HasFlag(Said.Routing))
            {
                return PiiTypes.Routing;
            }

            if (groups == 1 && digits.Length == 10 && Checksums.Npi(digits) && said.HasFlag(Said.Provider))
            {
                return PiiTypes.Npi;
            }
        }

        return BirthDate.Is(ref run, groups, said) ? PiiTypes.BirthDate
            : NationalNumber.TypeOf(ref run, groups, said, whole) is { } type ? type
            : digits.Length is >= 6 and <= 14 && !run.Plus && !run.Parenthesis && Context.IsLicence(said) ? PiiTypes.DriverLicense
            : IsAccount(ref run, groups, digits, said) ? PiiTypes.Account
            : null;
    }

    private static bool IsAccount(ref DigitRun run, int groups, ReadOnlySpan<byte> digits, Said said) =>
        groups == 1 && digits.Length is >= 6 and <= 17 && !run.Plus && !run.Parenthesis
            && said.HasFlag(Said.Account) && (said & (Said.Phone | Said.Routing)) == Said.Nothing;

    private static bool IsCard(ref DigitRun run, int groups, ReadOnlySpan<byte> digits)
    {
        if (digits.Length is < 12 or > 19 || run.Plus || run.Parenthesis)
        {
            return false;
        }

        for (var i = 0; i < groups - 1; i++)
        {
            if (run.After(i) == '/' || run.After(i) != run.After(0) || (i == 0 && run.SizeOf(0) != 4) || run.SizeOf(i) > 6)
            {
                return false;
            }
        }

        return Checksums.Card(digits);
    }

    private static bool IsAddress(ref DigitRun run, int groups, ReadOnlySpan<byte> digits, Said said)
    {
        // A fifth part would make it a version; a port, a mask or another number may follow.
        if (groups != 4 || (run.Groups > 4 && run.After(3) == '.') || run.Plus || run.Parenthesis)
        {
            return false;
        }

        var largest = 0;
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

            (at, largest) = (at + size, Math.Max(largest, octet));
        }

        return largest > 9 || said.HasFlag(Said.Ip); // "3.2.1.4" is a heading, unless somebody says otherwise.
    }

    private static bool IsSsn(ref DigitRun run, int groups, ReadOnlySpan<byte> digits, Said said)
    {
        if (digits.Length != 9 || run.Plus || run.Parenthesis || !Checksums.Ssn(digits))
        {
            return false;
        }

        var grouped = groups == 3 && run.SizeOf(0) == 3 && run.SizeOf(1) == 2 && run.After(0) == run.After(1);
        return (grouped && run.After(0) == '-') || ((grouped || groups == 1) && said.HasFlag(Said.Ssn));
    }
}
