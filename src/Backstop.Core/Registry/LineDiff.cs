using System.Collections.Immutable;

namespace Backstop.Core.Registry;

/// <summary>A line that went, came or stayed.</summary>
/// <param name="Sign"><c>-</c>, <c>+</c> or a space.</param>
/// <param name="Text">The line, without its end.</param>
public sealed record LineChange(char Sign, string Text);

/// <summary>Compares texts line by line.</summary>
public static class LineDiff
{
    /// <summary>How many lines that stayed are shown around those that did not.</summary>
    public const int Context = 2;

    // A table of this many cells is filled at most; texts that differ in more are shown as one that went and one that came.
    private const int MostCells = 4_000_000;

    /// <summary>The changes with a little of what is around them; fewest lines come and go (longest common subsequence).</summary>
    public static ImmutableArray<LineChange> Between(string before, string after)
    {
        var (a, b) = (before.Split('\n'), after.Split('\n'));
        var start = 0;
        while (start < a.Length && start < b.Length && a[start] == b[start])
        {
            start++;
        }

        var end = 0;
        while (end < a.Length - start && end < b.Length - start && a[^(end + 1)] == b[^(end + 1)])
        {
            end++;
        }

        var changes = ImmutableArray.CreateBuilder<LineChange>();
        changes.AddRange(a[..start].Select(line => new LineChange(' ', line)));
        changes.AddRange(Middle(a[start..^end], b[start..^end]));
        changes.AddRange(a[^end..].Select(line => new LineChange(' ', line)));
        return [.. changes.Where((change, i) => IsNear(changes, i))];
    }

    private static IEnumerable<LineChange> Middle(string[] a, string[] b)
    {
        if ((long)a.Length * b.Length > MostCells)
        {
            return [.. a.Select(line => new LineChange('-', line)), .. b.Select(line => new LineChange('+', line))];
        }

        // common[i, j]: how many lines the rests from i and from j have in common at most.
        var common = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                common[i, j] = a[i] == b[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        var changes = new List<LineChange>();
        for (int i = 0, j = 0; i < a.Length || j < b.Length;)
        {
            if (i < a.Length && j < b.Length && a[i] == b[j])
            {
                changes.Add(new(' ', a[i++]));
                j++;
            }
            else if (i < a.Length && (j == b.Length || common[i + 1, j] >= common[i, j + 1]))
            {
                changes.Add(new('-', a[i++]));
            }
            else
            {
                changes.Add(new('+', b[j++]));
            }
        }

        return changes;
    }

    private static bool IsNear(ImmutableArray<LineChange>.Builder changes, int at)
    {
        for (var i = Math.Max(0, at - Context); i <= Math.Min(changes.Count - 1, at + Context); i++)
        {
            if (changes[i].Sign != ' ')
            {
                return true;
            }
        }

        return false;
    }
}
