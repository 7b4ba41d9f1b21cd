using System.Collections.Immutable;
using Backstop.Core.Routing;

namespace Backstop.Core.Prompts;

/// <summary>Recognises a text that was copied, also when it stands inside another and was changed here and there.</summary>
/// <remarks>
/// Winnowing (Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003) over
/// words in lower case: of every four successive runs of eight words the least hash is kept. So every run of eleven words
/// of the original has a fingerprint, and a text that has such a run is recognised. Fewer than eight words leave none:
/// such a text is found everywhere. Fingerprints are the same in every process and version.
/// </remarks>
public static class Fingerprints
{
    /// <summary>Words under one hash.</summary>
    public const int RunWords = 8;

    private const int Window = 4;

    /// <summary>The fingerprints of texts, sorted, each once.</summary>
    public static ImmutableArray<ulong> Of(IEnumerable<string> texts)
    {
        var kept = new SortedSet<ulong>();
        foreach (var text in texts)
        {
            var hashes = Hashes(text);
            for (var i = 0; i < hashes.Count && (i == 0 || i + Window <= hashes.Count); i++)
            {
                kept.Add(hashes.Skip(i).Take(Window).Min());
            }
        }

        return [.. kept];
    }

    /// <summary>How much of the original stands in a text: 0 to 1; 0 when the original has no fingerprints.</summary>
    public static double Share(ImmutableArray<ulong> original, string text)
    {
        if (original.IsEmpty)
        {
            return 0;
        }

        // All of the text's hashes, not only its least ones: then it does not matter what stands around a copied run.
        var there = Hashes(text).ToHashSet();
        return original.Count(there.Contains) / (double)original.Length;
    }

    private static List<ulong> Hashes(string text)
    {
        var words = Words(text);
        var hashes = new List<ulong>(Math.Max(0, words.Count - RunWords + 1));
        for (var i = 0; i + RunWords <= words.Count; i++)
        {
            hashes.Add(StableHash.Of("prompt", string.Join(' ', words.Skip(i).Take(RunWords))));
        }

        return hashes;
    }

    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var inside = i < text.Length && char.IsLetterOrDigit(text[i]);
            if (inside && start < 0)
            {
                start = i;
            }
            else if (!inside && start >= 0)
            {
                words.Add(text[start..i].ToLowerInvariant());
                start = -1;
            }
        }

        return words;
    }
}
