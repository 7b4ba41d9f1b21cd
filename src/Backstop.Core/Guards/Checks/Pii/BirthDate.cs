namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Dates of birth: a date in figures after a label that says so. Biographies, which say "was born", are public.</summary>
internal static class BirthDate
{
    public static bool Is(ref DigitRun run, int groups, Said said)
    {
        if (groups != 3 || run.Plus || run.Parenthesis || run.After(0) != run.After(1) || run.After(0) is not ('-' or '.' or '/'))
        {
            return false;
        }

        var (first, last) = (run.SizeOf(0), run.SizeOf(2));
        var form = run.SizeOf(1) <= 2 && ((first == 4 && last <= 2) || (first <= 2 && last is 2 or 4));
        return form && (said & Said.Birth) != Said.Nothing;
    }
}
