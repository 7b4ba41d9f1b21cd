namespace Backstop.Core.Guards.Text;

/// <summary>Cuts a text into words, from left to right and without memory.</summary>
public static class Words
{
    /// <summary>Whether a character is a word by itself, as in scripts that put no space between words.</summary>
    public static bool Cjk(char c) => c is >= '\u3040' and <= '\u30ff' or >= '\u3400' and <= '\u9fff' or >= '\uf900' and <= '\ufaff' or >= '\u0e00' and <= '\u0eff';

    /// <summary>Finds the next word at or after <paramref name="at"/> and moves there.</summary>
    /// <param name="longest">A longer word is cut.</param>
    /// <returns>Its length; 0 when there is none, or when it may go on in text that is still to come.</returns>
    public static int Next(ReadOnlySpan<char> text, ref int at, int longest, bool final)
    {
        while (at < text.Length && !IsPart(text[at]))
        {
            at++;
        }

        if (at == text.Length)
        {
            return 0;
        }

        if (Cjk(text[at]))
        {
            return 1;
        }

        var end = at + 1;
        while (end < text.Length && end - at < longest && IsPart(text[end]) && !Cjk(text[end]))
        {
            end++;
        }

        return end == text.Length && !final && end - at < longest ? 0 : end - at;
    }

    // Marks and invisible characters do not part a word: folding takes them out.
    private static bool IsPart(char c) =>
        char.IsLetterOrDigit(c) || (c > 127 && CharFold.Fold(c) == CharFold.Dropped) || char.IsSurrogate(c);
}
