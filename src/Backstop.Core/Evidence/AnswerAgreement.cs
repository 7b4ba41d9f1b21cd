namespace Backstop.Core.Evidence;

/// <summary>How much two answers to one question say the same, by their words.</summary>
/// <remarks>
/// The F1 score over words, as question answering is scored (Rajpurkar et al., SQuAD, 2016): 1 for the same words in any
/// order, 0 for none in common. It knows no meaning: two good answers in other words score low, so it is compared with
/// itself over time, and never decides alone.
/// </remarks>
public static class AnswerAgreement
{
    /// <summary>Longest text that is looked at, in characters: what a reader would notice is at the beginning.</summary>
    public const int Longest = 4096;

    /// <summary>From 0 to 1.</summary>
    public static double Between(string one, string other)
    {
        var (a, b) = (Words(one), Words(other));
        if (a.Total == 0 || b.Total == 0)
        {
            return a.Total == b.Total ? 1 : 0;
        }

        var common = a.Counts.Sum(word => Math.Min(word.Value, b.Counts.GetValueOrDefault(word.Key)));
        return 2.0 * common / (a.Total + b.Total);
    }

    private static (SortedDictionary<string, int> Counts, int Total) Words(string text)
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var total = 0;
        var looked = text.Length > Longest ? text.AsSpan(0, Longest) : text;
        for (var at = 0; at < looked.Length;)
        {
            var start = at;
            while (at < looked.Length && char.IsLetterOrDigit(looked[at]))
            {
                at++;
            }

            if (at > start)
            {
                var word = looked[start..at].ToString().ToLowerInvariant();
                counts[word] = counts.GetValueOrDefault(word) + 1;
                total++;
            }
            else
            {
                at++;
            }
        }

        return (counts, total);
    }
}
