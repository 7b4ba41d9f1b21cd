namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>E-mail addresses as people write them: a dotted local part and a domain with a name for its top level.</summary>
/// <remarks>Lengths as RFC 5321 has them, the domain shortened so that no candidate is held longer than 256 characters.</remarks>
internal static class EmailAddress
{
    private const int MaxLocal = 64;
    private const int MaxDomain = 190;

    /// <param name="local">Of the last candidate in the same text: "a.b.c" has three that end together.</param>
    public static PiiMatch Match(ReadOnlySpan<char> text, int start, bool final, ref LocalPart local)
    {
        var at = local.EndFrom(text, start);
        if (at - start is 0 or > MaxLocal)
        {
            return PiiMatch.None;
        }

        if (!final && (at == text.Length || (at + 1 == text.Length && text[at] is '\'' or '&')))
        {
            return PiiMatch.Pending;
        }

        if (at == text.Length)
        {
            return PiiMatch.None;
        }

        return text[at] != '@' ? SpelledEmail.Match(text, start, at, final)
            : text[at - 1] != '.' ? MatchDomain(text, start, at + 1, final)
            : PiiMatch.None;
    }

    private static PiiMatch MatchDomain(ReadOnlySpan<char> text, int start, int from, bool final)
    {
        var end = from;
        while (end < text.Length && end - from < MaxDomain && (char.IsLetterOrDigit(text[end]) || text[end] is '.' or '-'))
        {
            end++;
        }

        if (end == text.Length && !final && end - from < MaxDomain)
        {
            return PiiMatch.Pending;
        }

        // The full stop of the sentence is not part of the address.
        var domain = text[from..end].TrimEnd(".-");
        var dot = domain.LastIndexOf('.');
        var top = domain[(dot + 1)..];
        var valid = dot > 0 && top.Length >= 2 && char.IsLetter(top[0]) && domain.IndexOf("..", StringComparison.Ordinal) < 0;
        return valid ? new PiiMatch(PiiTypes.Email, from + domain.Length - start) : PiiMatch.None;
    }
}

/// <summary>The part of an address before its sign, read once for all candidates that begin in it, and on where a stream goes on.</summary>
/// <param name="end">How far it was read; 0 before anything was.</param>
internal struct LocalPart(int end)
{
    public int End { get; private set; } = end;

    public int EndFrom(ReadOnlySpan<char> text, int start)
    {
        var at = Math.Max(start, End);
        while (at < text.Length && (IsLocal(text[at]) || IsInside(text, at, start)))
        {
            at++;
        }

        return End = at;
    }

    // "o'brien@", "tom&jerry@": not at either end, where these signs belong to the sentence.
    private static bool IsInside(ReadOnlySpan<char> text, int at, int start) =>
        text[at] is '\'' or '&' && at > start && at + 1 < text.Length && char.IsLetterOrDigit(text[at + 1]);

    private static bool IsLocal(char c) => char.IsLetterOrDigit(c) || c is '.' or '_' or '%' or '+' or '-';
}
