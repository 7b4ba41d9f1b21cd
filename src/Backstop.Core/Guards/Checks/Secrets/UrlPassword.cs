namespace Backstop.Core.Guards.Checks.Secrets;

/// <summary>The password inside an address: <c>postgres://user:password@host</c>.</summary>
internal static class UrlPassword
{
    private const int MaxScheme = 20;
    private const int MaxUser = 64;
    private const int MaxPassword = 128;

    /// <summary>Looks at the word that begins at <paramref name="start"/>; as <see cref="KeywordSecret.Match"/>.</summary>
    public static (int Start, int Length) Match(ReadOnlySpan<char> text, int start, bool final)
    {
        var at = start;
        while (at < text.Length && at - start <= MaxScheme && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '+' or '.' or '-'))
        {
            at++;
        }

        var mark = text[at..];
        if (mark.Length < 3 && "://".AsSpan().StartsWith(mark, StringComparison.Ordinal))
        {
            return (0, final ? 0 : -1);
        }

        if (!mark.StartsWith("://", StringComparison.Ordinal))
        {
            return default;
        }

        var user = Part(text, at + 3, MaxUser);
        if (user == text.Length || text[user] != ':')
        {
            return (0, user == text.Length && !final ? -1 : 0);
        }

        var password = Part(text, user + 1, MaxPassword);
        if (password == text.Length || text[password] != '@')
        {
            return (0, password == text.Length && !final ? -1 : 0);
        }

        var value = text[(user + 1)..password];
        var real = value.Length > 2 && value[0] is not ('$' or '<' or '{' or '*') && value is not ("password" or "pass" or "pwd" or "secret" or "PASSWORD");
        return real ? (user + 1, value.Length) : default;
    }

    private static int Part(ReadOnlySpan<char> text, int from, int most)
    {
        var at = from;
        while (at < text.Length && at - from < most && text[at] > ' ' && text[at] is not (':' or '@' or '/' or '?' or '#' or '"' or '\''))
        {
            at++;
        }

        return at;
    }
}
