using System.Buffers;

namespace Backstop.Core.Guards.Text;

/// <summary>What kind of text a window stands in. A request means one thing by itself and another amid the rows of a table.</summary>
public enum TextForm
{
    Short,
    Prose,
    Table,
    Code,
}

public static class TextForms
{
    private const int LongestShort = 350;

    private static readonly SearchValues<char> Signs = SearchValues.Create("|{};=<>()_");

    /// <summary>Tells by length and by the density of signs.</summary>
    public static TextForm Of(ReadOnlySpan<char> text)
    {
        if (text.Length <= LongestShort)
        {
            return TextForm.Short;
        }

        var (bars, signs) = (0, 0);
        for (int at = 0, skipped; (skipped = text[at..].IndexOfAny(Signs)) >= 0; at += skipped + 1)
        {
            bars += text[at + skipped] == '|' ? 1 : 0;
            signs += text[at + skipped] == '|' ? 0 : 1;
        }

        return bars * 50 > text.Length ? TextForm.Table : signs * 30 > text.Length ? TextForm.Code : TextForm.Prose;
    }
}
