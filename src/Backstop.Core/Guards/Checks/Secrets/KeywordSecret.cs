using System.Buffers;

namespace Backstop.Core.Guards.Checks.Secrets;

/// <summary>Secrets without a form of their own, told by the word before them: <c>password: hunter2!x</c>, <c>api_key="…"</c>.</summary>
internal static class KeywordSecret
{
    private const int MaxName = 40;
    private const int MaxValue = 128;
    private const int ShortestPassword = 8;
    private const int ShortestKey = 16;

    private static readonly string[] Passwords = ["password", "passwd", "passphrase", "passwort", "contraseña", "pwd"];

    private static readonly SearchValues<string> PasswordNames = Any(Passwords);

    // Of passwords and of keys: one search tells of nearly every name that it is neither.
    private static readonly SearchValues<string> Names = Any(
    [
        .. Passwords, "secret", "token", "apikey", "api_key", "api-key", "accesskey", "access_key", "access-key", "privatekey", "private_key",
        "authkey", "auth_key", "encryptionkey", "encryption_key", "credential", "bearer", "basic",
    ]);

    // What stands in examples instead of a secret.
    private static readonly SearchValues<string> Placeholders = Any(
        "example", "placeholder", "changeme", "your", "xxxx", "****", "....", "redacted", "secret_here", "dummy", "none", "null", "undefined", "true", "false");

    /// <summary>Looks at the word that begins at <paramref name="start"/> and what is assigned to it.</summary>
    /// <returns>Where the value stands, relative to the text; a length of 0 for none, -1 when more text is needed.</returns>
    public static (int Start, int Length) Match(ReadOnlySpan<char> text, int start, bool final)
    {
        var at = start;
        while (at < text.Length && at - start < MaxName && (char.IsLetterOrDigit(text[at]) || text[at] is '_' or '-'))
        {
            at++;
        }

        if (at == text.Length)
        {
            return (0, final ? 0 : -1);
        }

        // Nearly every word of a text is followed by a space and another word, and needs no closer look.
        var word = text[start..at];
        var scheme = word.Equals("bearer", StringComparison.OrdinalIgnoreCase) || word.Equals("basic", StringComparison.OrdinalIgnoreCase);
        var next = text[at..].TrimStart(' ');
        if (!scheme && next.Length > 0 && (char.IsLetterOrDigit(next[0]) && next[0] != 'i' || next[0] is '.' or ',' or '\n' or ')' or '(' or '?' or '!'))
        {
            return default;
        }

        Span<char> name = stackalloc char[MaxName];
        name = name[..word.ToLowerInvariant(name)];
        if (!name.ContainsAny(Names))
        {
            return default;
        }

        var password = name.ContainsAny(PasswordNames);

        var assigned = SkipAssignment(text, ref at, scheme);
        if (at == text.Length)
        {
            return (0, final ? 0 : -1);
        }

        var from = at;
        while (at < text.Length && at - from < MaxValue && IsValue(text[at]))
        {
            at++;
        }

        if (at == text.Length && !final && at - from < MaxValue)
        {
            return (0, -1);
        }

        var value = text[from..at].TrimEnd(".,;:!?");
        return assigned && IsSecret(value, password) ? (from, value.Length) : default;
    }

    // Spaces and quotation marks around one sign, or the word "is".
    private static bool SkipAssignment(ReadOnlySpan<char> text, ref int at, bool scheme)
    {
        var assigned = scheme;
        for (var most = at + 8; at < text.Length && at < most; at++)
        {
            var c = text[at];
            if (c is ':' or '=' or '>')
            {
                assigned = true;
            }
            else if (c == 'i' && at + 2 < text.Length && text[at + 1] == 's' && text[at + 2] == ' ' && !assigned)
            {
                (assigned, at) = (true, at + 1);
            }
            else if (c == 'i' && at + 2 >= text.Length && !assigned)
            {
                at = text.Length;
                return false;
            }
            else if (c is not (' ' or '"' or '\'' or '`' or '\\'))
            {
                break;
            }
        }

        return assigned;
    }

    private static bool IsValue(char c) => c > ' ' && c is not ('"' or '\'' or '`' or ',' or ';' or '<' or '>' or '(' or ')' or '[' or ']' or '{' or '}' or '\\') && !char.IsWhiteSpace(c);

    private static bool IsSecret(ReadOnlySpan<char> value, bool password)
    {
        if (value.Length < (password ? ShortestPassword : ShortestKey) || value[0] == '$' || value.Contains("://", StringComparison.Ordinal))
        {
            return false;
        }

        Span<char> lower = stackalloc char[MaxValue];
        lower = lower[..value.ToLowerInvariant(lower)];
        if (lower.ContainsAny(Placeholders))
        {
            return false;
        }

        var (digits, letters, signs) = (0, 0, 0);
        foreach (var c in value)
        {
            digits += char.IsAsciiDigit(c) ? 1 : 0;
            letters += char.IsLetter(c) ? 1 : 0;
            signs += char.IsLetterOrDigit(c) ? 0 : 1;
        }

        // A name with points or brackets is code: "password = settings.db_password".
        var identifier = digits == 0 && value.TrimEnd('!').IndexOfAnyExcept(NameChars) < 0;
        return letters > 0 && !identifier && (password ? digits > 0 || signs > 1 : digits > 1 && Entropy(value) >= 3);
    }

    private static readonly SearchValues<char> NameChars =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-");

    /// <summary>Bits for each character, by the frequencies of the text itself (Shannon).</summary>
    private static double Entropy(ReadOnlySpan<char> value)
    {
        Span<int> counts = stackalloc int[128];
        counts.Clear();
        foreach (var c in value)
        {
            counts[c & 127]++;
        }

        var bits = 0.0;
        foreach (var count in counts)
        {
            bits -= count == 0 ? 0 : count / (double)value.Length * Math.Log2(count / (double)value.Length);
        }

        return bits;
    }

    private static SearchValues<string> Any(params ReadOnlySpan<string> words) => SearchValues.Create(words, StringComparison.Ordinal);
}
