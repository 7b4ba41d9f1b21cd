using System.Collections.Immutable;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>Finds out what other people's names for signals and parts mean.</summary>
/// <remarks>A name is cut into words; of the known phrases whose words all occur in it, the one with the most letters wins.</remarks>
internal static class Vocabulary
{
    private static readonly ImmutableArray<Phrase> OfSignals = Phrases(SignatureTable.SignalWords);
    private static readonly ImmutableArray<Phrase> OfParts = Phrases(SignatureTable.PartWords);

    /// <summary>The signal that a name means; null when it is not understood.</summary>
    /// <returns>Whether it counts the good instead of the bad, such as a pass rate.</returns>
    public static (string Name, bool CountsGood)? Signal(string given) =>
        SignatureTable.Knows(given) ? (given, false) : Find(OfSignals, given) is { } phrase ? (phrase.Name, phrase.CountsGood) : null;

    /// <summary>The part that a name means; null when it is not understood.</summary>
    public static string? Part(string given) => SignatureTable.Parts.Contains(given, StringComparer.Ordinal) ? given : Find(OfParts, given)?.Name;

    private static Phrase? Find(ImmutableArray<Phrase> phrases, string given)
    {
        var words = Words(given).ToHashSet(StringComparer.Ordinal);
        return phrases.Where(p => p.Words.All(words.Contains)).MaxBy(p => p.Words.Sum(w => w.Length));
    }

    private static ImmutableArray<Phrase> Phrases(IEnumerable<(string Name, string Words)> table) =>
        [.. table.Select(row => new Phrase(row.Name, [.. Words(row.Words)], row.Words[0] == '-'))];

    // Lower case, without digits' and plurals' noise: nullRates, null_rate and "null rate" are the same two words.
    private static IEnumerable<string> Words(string text)
    {
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            var cut = i == text.Length || !char.IsLetterOrDigit(text[i]);
            if (cut || (i > start && char.IsUpper(text[i]) && char.IsLower(text[i - 1])))
            {
                if (i > start)
                {
                    yield return Stem(text[start..i].ToLowerInvariant());
                }

                start = cut ? i + 1 : i;
            }
        }
    }

    private static string Stem(string word) => word switch
    {
        [.., 'i', 'e', 's'] when word.Length > 4 => word[..^3] + "y",
        [.., 's', 's'] => word,
        "failures" => "fail",
        [.., 's'] when word.Length > 3 => word[..^1],
        "failed" or "failing" or "failure" => "fail",
        _ => word,
    };

    private sealed record Phrase(string Name, ImmutableArray<string> Words, bool CountsGood);
}
