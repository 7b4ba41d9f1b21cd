using System.Text;

namespace Backstop.Core.Guards;

/// <summary>The one place where a text is changed.</summary>
/// <remarks>
/// Checks run side by side on the original and only propose. Overlapping proposals become one that covers their union, so
/// that no check's redaction can be undone or shifted by another's.
/// </remarks>
public static class EditMerger
{
    /// <summary>Applies <paramref name="edits"/> to <paramref name="text"/>, which stands at <paramref name="origin"/> in the original.</summary>
    public static string Apply(ReadOnlySpan<char> text, int origin, IEnumerable<Edit> edits)
    {
        var output = new StringBuilder(text.Length + 16);
        var copied = 0;
        foreach (var edit in Union(edits))
        {
            output.Append(text[copied..(edit.Start - origin)]).Append(edit.Replacement);
            copied = edit.End - origin;
        }

        return output.Append(text[copied..]).ToString();
    }

    /// <summary>The same edits, disjoint and in order.</summary>
    public static IReadOnlyList<Edit> Union(IEnumerable<Edit> edits)
    {
        var result = new List<Edit>();
        foreach (var edit in edits.OrderBy(e => e.Start).ThenBy(e => e.End))
        {
            if (result.Count > 0 && Overlap(result[^1], edit))
            {
                var last = result[^1];
                var winner = Wins(edit, last) ? edit : last;
                result[^1] = winner with { Start = last.Start, Length = Math.Max(last.End, edit.End) - last.Start };
            }
            else
            {
                result.Add(edit);
            }
        }

        return result;
    }

    // Edits that only touch stay two; two insertions at one place stay two, in the order they were proposed.
    private static bool Overlap(Edit earlier, Edit later) => later.Start < earlier.End;

    private static bool Wins(Edit a, Edit b) =>
        a.Strictness != b.Strictness ? a.Strictness > b.Strictness : a.Length > b.Length;
}
