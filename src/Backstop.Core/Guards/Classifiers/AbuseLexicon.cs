using System.Collections.Frozen;
using Backstop.Core.Guards.Text;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Our own list of words that carry abuse, each with its class and severity; see <c>abuse.lexicon</c>.</summary>
public sealed class AbuseLexicon
{
    private const int ShortestPrefix = 3;
    private const int LongestPrefix = 14;
    private readonly FrozenDictionary<string, WordClass> _words;
    private readonly FrozenDictionary<string, WordClass> _prefixes;
    private readonly FrozenDictionary<string, WordClass>.AlternateLookup<ReadOnlySpan<char>> _wordAt;
    private readonly FrozenDictionary<string, WordClass>.AlternateLookup<ReadOnlySpan<char>> _prefixAt;

    // Whether any prefix begins with three characters of that hash.
    private readonly bool[] _starts = new bool[1 << 12];

    private AbuseLexicon(Dictionary<string, WordClass> words, Dictionary<string, WordClass> prefixes)
    {
        _words = words.ToFrozenDictionary(StringComparer.Ordinal);
        _prefixes = prefixes.ToFrozenDictionary(StringComparer.Ordinal);
        _wordAt = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        _prefixAt = _prefixes.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var prefix in prefixes.Keys.Where(prefix => prefix.Length >= ShortestPrefix))
        {
            _starts[StartOf(prefix)] = true;
        }
    }

    public static AbuseLexicon Shared { get; } = Parse(EmbeddedText.Read("abuse.lexicon"));

    public static AbuseLexicon Parse(string text)
    {
        var (words, prefixes) = (new Dictionary<string, WordClass>(), new Dictionary<string, WordClass>());
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            foreach (var word in parts[1..])
            {
                _ = word[^1] == '*'
                    ? prefixes.TryAdd(word[..^1], new WordClass(parts[0][0], parts[0][1]))
                    : words.TryAdd(word, new WordClass(parts[0][0], parts[0][1]));
            }
        }

        return new AbuseLexicon(words, prefixes);
    }

    /// <summary>Finds the class of a word; a word spelled to get past lists is respelled in the text.</summary>
    public WordClass Find(FoldedText text, int word)
    {
        var spelled = text[word];
        if (Find(spelled) is { IsNone: false } plain)
        {
            return plain;
        }

        Span<char> variant = stackalloc char[32];
        if (spelled.Length > variant.Length || Plain(spelled, variant) is not (> 2 and var length))
        {
            return default;
        }

        var found = Find(variant[..length]);
        if (!found.IsNone)
        {
            text.Respell(word, variant[..length]);
        }

        return found;
    }

    private static int StartOf(ReadOnlySpan<char> word) => (int)(Features.Mix(Features.Hash(word[..ShortestPrefix])) & ((1 << 12) - 1));

    private WordClass Find(ReadOnlySpan<char> word)
    {
        if (_wordAt.TryGetValue(word, out var found)
            || (word.Length > 3 && word[^1] == 's' && _wordAt.TryGetValue(word[..^1], out found)))
        {
            return found;
        }

        // Few words begin like any prefix: one look tells, instead of one for each length.
        var longest = word.Length >= ShortestPrefix && _starts[StartOf(word)] ? Math.Min(word.Length, LongestPrefix) : 0;
        for (var length = longest; length >= ShortestPrefix; length--)
        {
            if (_prefixAt.TryGetValue(word[..length], out found))
            {
                return found;
            }
        }

        return default;
    }

    // Digits and signs among letters are letters, and a letter held down is one letter. Zero when nothing changes.
    private static int Plain(ReadOnlySpan<char> word, Span<char> variant)
    {
        var (count, letters, changed) = (0, false, false);
        for (var i = 0; i < word.Length; i++)
        {
            letters |= word[i] is >= 'a' and <= 'z';
            var c = CharFold.Unleet(word[i]);
            changed |= c != word[i];
            if (count > 1 && variant[count - 1] == c && variant[count - 2] == c)
            {
                changed = true;
                continue;
            }

            variant[count++] = c;
        }

        if (!letters || !changed)
        {
            return 0;
        }

        // "idiooot" has kept two: one more look with single letters is left to the character n-grams.
        return count;
    }
}

/// <param name="Kind">The letter of its line in <c>abuse.lexicon</c>.</param>
/// <param name="Level">0 for words that only matter beside others, 1 to 3 for how bad they are.</param>
public readonly record struct WordClass(char Kind, char Level)
{
    public bool IsNone => Kind == '\0';
}
