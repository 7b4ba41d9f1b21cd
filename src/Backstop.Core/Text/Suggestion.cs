namespace Backstop.Core.Text;

/// <summary>Finds the word that was probably meant.</summary>
public static class Suggestion
{
    /// <summary>
    /// A sentence that names the known word with the fewest edits to <paramref name="word"/>, or the only one that it begins;
    /// an empty text when none is near.
    /// </summary>
    public static string For(string word, IEnumerable<string> known)
    {
        string[] words = [.. known.Order(StringComparer.Ordinal)];
        var nearest = words.MinBy(k => Distance(word, k));
        if (nearest is null || Distance(word, nearest) > Math.Max(2, word.Length / 3))
        {
            nearest = word.Length > 2 && Array.FindAll(words, k => k.StartsWith(word, StringComparison.OrdinalIgnoreCase)) is [var begun] ? begun : null;
        }

        return nearest is null ? "" : $" Did you mean '{nearest}'?";
    }

    /// <summary>Insertions, deletions and replacements between two words (Levenshtein 1965), case ignored.</summary>
    private static int Distance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
