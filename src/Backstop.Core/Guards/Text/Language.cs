using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Numerics;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Text;

/// <summary>Tells the language of a text by its script, and by small words where many languages share one.</summary>
public static class Language
{
    private const int FewestWords = 8;
    private const int MostWords = 400;

    // A tenth of the words of any text are among the two dozen smallest of its language.
    private const double LeastShare = 0.1;
    private const int Weight = 60;

    private static readonly ImmutableArray<string> Latin = [.. EmbeddedText.Read("languages.words").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[..2])];

    // For each small word one bit for every language that has it.
    private static readonly FrozenDictionary<ulong, uint> SmallWords = EmbeddedText.Read("languages.words")
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .SelectMany((line, language) => line.Split(' ').Skip(1).Distinct().Select(word => (Word: KeyOf(word), language)))
        .GroupBy(pair => pair.Word)
        .ToFrozenDictionary(group => group.Key, group => group.Aggregate(0u, (bits, pair) => bits | (1u << pair.language)));

    private static readonly string[] Others = ["ru", "uk", "bg", "el", "he", "ar", "fa", "hi", "th", "ko", "ja", "zh"];

    /// <summary>The languages it tells apart, by their codes of ISO 639-1.</summary>
    public static IReadOnlyCollection<string> Codes { get; } = [.. Latin, .. Others];

    /// <summary>The language most of the text is in, or null when too little can be said.</summary>
    public static string? Of(ReadOnlySpan<char> text)
    {
        Span<int> scripts = stackalloc int[Others.Length];
        scripts.Clear();
        var latin = 0;
        foreach (var c in text)
        {
            if (Invisible.IsLatin(c) || c is >= '\u1e00' and <= '\u1eff')
            {
                latin++;
            }
            else if (c > '\u0370')
            {
                CountScript(c, scripts);
            }
        }

        var best = 0;
        for (var i = 1; i < scripts.Length; i++)
        {
            best = scripts[i] > scripts[best] ? i : best;
        }

        // Japanese writes many of its words in Chinese characters, and Ukrainian most of its words in Russian letters.
        var foreign = Sum(scripts);
        if (foreign * 2 > latin && foreign >= FewestWords)
        {
            return Named(best, scripts);
        }

        return latin > 0 ? OfLatin(text) : null;
    }

    private static string Named(int script, ReadOnlySpan<int> counts) => Others[script] switch
    {
        "ru" => counts[1] * 40 > counts[0] ? "uk" : counts[2] * 60 > counts[0] ? "bg" : "ru",
        "ar" => counts[6] * 60 > counts[5] ? "fa" : "ar",
        "zh" => counts[10] * 10 > counts[11] ? "ja" : "zh",
        var other => other,
    };

    private static void CountScript(char c, Span<int> counts)
    {
        var script = c switch
        {
            'і' or 'ї' or 'є' or 'ґ' => 1,
            'ъ' => 2,
            >= '\u0400' and <= '\u04ff' => 0,
            >= '\u0370' and <= '\u03ff' => 3,
            >= '\u0590' and <= '\u05ff' => 4,
            'پ' or 'چ' or 'ژ' or 'گ' or 'ی' or 'ک' => 6,
            >= '\u0600' and <= '\u06ff' => 5,
            >= '\u0900' and <= '\u097f' => 7,
            >= '\u0e00' and <= '\u0e7f' => 8,
            >= '\uac00' and <= '\ud7a3' => 9,
            >= '\u3040' and <= '\u30ff' => 10,
            >= '\u4e00' and <= '\u9fff' => 11,
            _ => -1,
        };
        if (script >= 0)
        {
            counts[script]++;
        }
    }

    private static string? OfLatin(ReadOnlySpan<char> text)
    {
        Span<int> hits = stackalloc int[32];
        hits.Clear();
        var (words, at) = (0, 0);
        while (words < MostWords && Words.Next(text, ref at, 40, final: true) is var length && length > 0)
        {
            if (SmallWords.TryGetValue(KeyOf(text.Slice(at, length)), out var languages))
            {
                // A word of many languages says less about each.
                for (var weight = Weight / BitOperations.PopCount(languages); languages != 0; languages &= languages - 1)
                {
                    hits[BitOperations.TrailingZeroCount(languages)] += weight;
                }
            }

            (words, at) = (words + 1, at + length);
        }

        var (best, second) = (0, -1);
        for (var i = 1; i < Latin.Length; i++)
        {
            (best, second) = hits[i] > hits[best] ? (i, best) : (best, second < 0 || hits[i] > hits[second] ? i : second);
        }

        var enough = hits[best] >= Math.Max(2 * Weight, (int)(words * LeastShare * Weight)) && hits[best] * 2 > hits[second] * 3;
        return words >= FewestWords && enough ? Latin[best] : null;
    }

    // Accents tell languages apart, so only case is folded.
    private static ulong KeyOf(ReadOnlySpan<char> word)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in word)
        {
            hash = (hash ^ char.ToLowerInvariant(c)) * 1099511628211;
        }

        return hash;
    }

    private static int Sum(ReadOnlySpan<int> counts)
    {
        var sum = 0;
        foreach (var count in counts)
        {
            sum += count;
        }

        return sum;
    }
}
