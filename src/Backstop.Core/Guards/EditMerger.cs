using System.Buffers;

namespace Backstop.Core.Guards;

/// <summary>The one place where a text is changed.</summary>
/// <remarks>
/// Checks run side by side on the original and only propose. Overlapping proposals become one that covers their union, so
/// that no check's redaction can be undone or shifted by another's.
/// </remarks>
public static class EditMerger
{
    /// <summary>Applies <paramref name="edits"/> to <paramref name="text"/>, which stands at <paramref name="origin"/> in the original.</summary>
    public static string Apply(ReadOnlySpan<char> text, int origin, IEnumerable<Edit> edits) => Apply(text, origin, (ReadOnlySpan<Edit>)edits.ToArray());

    /// <inheritdoc cref="Apply(ReadOnlySpan{char}, int, IEnumerable{Edit})"/>
    public static string Apply(ReadOnlySpan<char> text, int origin, ReadOnlySpan<Edit> edits)
    {
        if (edits.IsEmpty)
        {
            return text.ToString();
        }

        if (!AreInOrder(edits))
        {
            edits = edits.ToArray().OrderBy(edit => edit.Start).ThenBy(edit => edit.End).ToArray();
        }

        // Tens of thousands of edits are ordinary for a text that somebody made to have them.
        var longest = text.Length;
        foreach (var edit in edits)
        {
            longest += edit.Replacement.Length;
        }

        var output = ArrayPool<char>.Shared.Rent(longest);
        try
        {
            return output.AsSpan(0, Write(text, origin, edits, output)).ToString();
        }
        finally
        {
            ArrayPool<char>.Shared.Return(output);
        }
    }

    private static int Write(ReadOnlySpan<char> text, int origin, ReadOnlySpan<Edit> edits, Span<char> output)
    {
        var (length, copied, last) = (0, 0, edits[0]);
        foreach (var edit in edits[1..])
        {
            if (Overlap(last, edit))
            {
                var winner = Wins(edit, last) ? edit : last;
                last = winner with { Start = last.Start, Length = Math.Max(last.End, edit.End) - last.Start };
            }
            else
            {
                Put(text[copied..(last.Start - origin)], output, ref length);
                Put(last.Replacement, output, ref length);
                (copied, last) = (last.End - origin, edit);
            }
        }

        Put(text[copied..(last.Start - origin)], output, ref length);
        Put(last.Replacement, output, ref length);
        Put(text[(last.End - origin)..], output, ref length);
        return length;
    }

    private static void Put(ReadOnlySpan<char> text, Span<char> output, ref int length)
    {
        text.CopyTo(output[length..]);
        length += text.Length;
    }

    private static bool AreInOrder(ReadOnlySpan<Edit> edits)
    {
        for (var i = 1; i < edits.Length; i++)
        {
            if (edits[i].Start < edits[i - 1].Start || (edits[i].Start == edits[i - 1].Start && edits[i].End < edits[i - 1].End))
            {
                return false;
            }
        }

        return true;
    }

    // Edits that only touch stay two; two insertions at one place stay two, in the order they were proposed.
    private static bool Overlap(Edit earlier, Edit later) => later.Start < earlier.End;

    private static bool Wins(Edit a, Edit b) =>
        a.Strictness != b.Strictness ? a.Strictness > b.Strictness : a.Length > b.Length;
}
