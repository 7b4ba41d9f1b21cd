using System.Collections.Frozen;

namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>E-mail addresses written so that machines overlook them: <c>ada (at) example (dot) com</c>, <c>ada[at]example.com</c>, <c>ada AT example DOT com</c>.</summary>
internal static class SpelledEmail
{
    private const int MaxLabel = 40;
    private const int MaxLabels = 5;

    /// <summary>Goes on after what could be the name before the sign.</summary>
    /// <param name="at">Where the name ends.</param>
    public static PiiMatch Match(ReadOnlySpan<char> text, int start, int at, bool final)
    {
        if (text[at] is not (' ' or '(' or '[' or '{' or '<'))
        {
            return PiiMatch.None;
        }

        var sign = Sign(text, ref at, "at", '@', final, out var bracketed);
        return sign is true ? Domain(text, start, at, bracketed, final) : sign is null ? PiiMatch.Pending : PiiMatch.None;
    }

    private static PiiMatch Domain(ReadOnlySpan<char> text, int start, int at, bool bracketed, bool final)
    {
        var (labels, end, spelled) = (0, at, bracketed);
        while (labels < MaxLabels)
        {
            var from = at;
            while (at < text.Length && at - from <= MaxLabel && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '-'))
            {
                at++;
            }

            if (at == text.Length && !final && at - from <= MaxLabel)
            {
                return PiiMatch.Pending;
            }

            if (at == from || at - from > MaxLabel)
            {
                break;
            }

            (end, labels) = (at, labels + 1);
            var dot = text[at..] is ['.', var next, ..] && char.IsAsciiLetterOrDigit(next);
            if (dot)
            {
                at++;
                continue;
            }

            if (at + 1 == text.Length && text[at] == '.' && !final)
            {
                return PiiMatch.Pending;
            }

            var sign = Sign(text, ref at, "dot", '.', final, out var inBrackets);
            if (sign is null)
            {
                return PiiMatch.Pending;
            }

            if (sign is false)
            {
                break;
            }

            spelled |= inBrackets || labels > 0;
        }

        // "Meet me at example.com" says nothing; brackets or a spelled point do.
        var domain = text[..end];
        var top = domain[(domain.LastIndexOfAnyExcept(TopLetters) + 1)..];
        return labels >= 2 && spelled && (bracketed || IsTopLevel(top)) && top.Length is >= 2 and <= 12 ? new PiiMatch(PiiTypes.Email, end - start) : PiiMatch.None;
    }

    // Plain words must end in a name that addresses end in.
    private static bool IsTopLevel(ReadOnlySpan<char> top)
    {
        Span<char> lower = stackalloc char[8];
        return top.Length <= lower.Length && TopLevels.GetAlternateLookup<ReadOnlySpan<char>>().Contains(lower[..top.ToLowerInvariant(lower)]);
    }

    private static readonly FrozenSet<string> TopLevels = ("com org net edu gov mil int io co info biz dev app ai me tv uk us ca au nz ie in de at ch fr es it pt nl be "
        + "se no dk fi pl cz ru ua br mx ar za jp cn kr eu").Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static readonly System.Buffers.SearchValues<char> TopLetters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>Reads past a word that stands for a sign; null when more text is needed to tell.</summary>
    private static bool? Sign(ReadOnlySpan<char> text, ref int at, string word, char sign, bool final, out bool bracketed)
    {
        var i = at;
        bracketed = false;
        var spaced = i < text.Length && text[i] == ' ';
        i += spaced ? 1 : 0;
        var bracket = i < text.Length ? "([{<".IndexOf(text[i]) : -1;
        i += bracket >= 0 ? 1 : 0;
        i += bracket >= 0 && i < text.Length && text[i] == ' ' ? 1 : 0;
        if (i < text.Length && text[i] == sign && bracket >= 0)
        {
            i++;
        }
        else
        {
            foreach (var letter in word)
            {
                if (i == text.Length)
                {
                    return final ? false : null;
                }

                if (char.ToLowerInvariant(text[i++]) != letter)
                {
                    return false;
                }
            }
        }

        i += bracket >= 0 && i < text.Length && text[i] == ' ' ? 1 : 0;
        if (i == text.Length)
        {
            return final ? false : null;
        }

        if (bracket >= 0 ? text[i] != ")]}>"[bracket] : !spaced || text[i] != ' ')
        {
            return false;
        }

        i++;
        i += bracket >= 0 && i < text.Length && text[i] == ' ' ? 1 : 0;
        if (i == text.Length)
        {
            return final ? false : null;
        }

        (at, bracketed) = (i, bracket >= 0);
        return true;
    }
}
