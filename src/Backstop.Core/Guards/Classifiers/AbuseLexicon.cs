using Backstop.Core.Guards.Text;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Our own list of words that carry abuse, each with its class and severity; see <c>abuse.lexicon</c>.</summary>
public sealed class AbuseLexicon
{
    private const int ShortestPrefix = 3;
    private const int LongestPrefix = 14;
    internal const char FirstUnspaced = '\u0e00';
    private readonly HashedWords<WordClass> _words;
    private readonly HashedWords<WordClass> _prefixes;

    // Whether any prefix begins with three characters of that hash.
    private readonly bool[] _starts = new bool[1 << 12];

    // The length of the longest word without spaces that begins with a character, by its low bits: most begin none.
    private readonly byte[] _unspaced = new byte[1 << 12];

    private AbuseLexicon(Dictionary<string, WordClass> words, Dictionary<string, WordClass> prefixes)
    {
        _words = new HashedWords<WordClass>(words);
        _prefixes = new HashedWords<WordClass>(prefixes);
        foreach (var prefix in prefixes.Keys.Where(prefix => prefix.Length >= ShortestPrefix))
        {
            _starts[StartOf(Features.Hash(prefix.AsSpan(0, ShortestPrefix)))] = true;
        }

        foreach (var word in words.Keys.Where(word => word[0] >= FirstUnspaced))
        {
            ref var longest = ref _unspaced[word[0] & (_unspaced.Length - 1)];
            longest = Math.Max(longest, (byte)Math.Min(word.Length, LongestPrefix));
        }
    }

    public static AbuseLexicon Shared { get; } = Parse(EmbeddedText.Read("abuse.lexicon"));

    public static AbuseLexicon Parse(string text)
    {
        var (words, prefixes) = (new Dictionary<string, WordClass>(), new Dictionary<string, WordClass>());
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            // Texts are folded before they are looked up, and so are the words of the list.
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            foreach (var word in parts[1..].Select(Fold))
            {
                _ = word[^1] == '*'
                    ? prefixes.TryAdd(word[..^1], new WordClass(parts[0][0], parts[0][1]))
                    : words.TryAdd(word, new WordClass(parts[0][0], parts[0][1]));
            }
        }

        return new AbuseLexicon(words, prefixes);
    }

    /// <summary>Finds the class of a word; a word spelled to get past lists is respelled in the text.</summary>
    /// <param name="hash">Of the word as it is spelled in the end.</param>
    public WordClass Find(FoldedText text, int word, out uint hash)
    {
        var spelled = text[word];
        hash = Features.Hash(spelled);
        if (spelled[0] >= FirstUnspaced)
        {
            return FindUnspaced(text, word);
        }

        if (Find(spelled, hash) is { IsNone: false } plain)
        {
            return plain;
        }

        Span<char> variant = stackalloc char[32];
        if (spelled.Length > variant.Length || Plain(spelled, variant) is not (> 1 and var length))
        {
            return default;
        }

        var other = Features.Hash(variant[..length]);
        var found = Find(variant[..length], other);
        if (!found.IsNone)
        {
            text.Respell(word, variant[..length]);
            hash = other;
        }

        return found;
    }

    /// <summary>Whether what follows a word, in a script without spaces, may be part of a listed one that begins with it.</summary>
    internal bool ReachesBeyond(ReadOnlySpan<char> word) => Words.Cjk(word[0]) && _unspaced[word[0] & (_unspaced.Length - 1)] > word.Length;

    private static string Fold(string word) => string.Concat(word.Select(CharFold.Fold).Where(c => c != CharFold.Dropped));

    private static int StartOf(uint hash) => (int)(Features.Mix(hash) & ((1 << 12) - 1));

    // Thai, Chinese and Japanese put no space between words, and Korean ends them in particles: the longest listed beginning counts.
    private WordClass FindUnspaced(FoldedText text, int word)
    {
        var spelled = text[word];
        var most = _unspaced[spelled[0] & (_unspaced.Length - 1)];
        Span<char> rest = stackalloc char[LongestPrefix];
        if (!Words.Cjk(spelled[0]))
        {
            most = (byte)Math.Min(most, spelled.Length);
        }

        var count = text.CopyFrom(word, rest[..most]);
        var (longest, hash) = (default(WordClass), Features.Hash([]));
        for (var length = 1; length <= count; length++)
        {
            hash = Features.Append(hash, rest[length - 1]);
            longest = _words.TryGet(rest[..length], hash, out var found) ? found : longest;
        }

        return longest;
    }

    private WordClass Find(ReadOnlySpan<char> word, uint hash)
    {
        if (_words.TryGet(word, hash, out var found)
            || (word.Length > 3 && word[^1] == 's' && _words.TryGet(word[..^1], Features.Hash(word[..^1]), out found)))
        {
            return found;
        }

        // Few words begin like any prefix: one look tells, instead of one for each length.
        if (word.Length < ShortestPrefix)
        {
            return default;
        }

        hash = Features.Hash(word[..ShortestPrefix]);
        if (!_starts[StartOf(hash)])
        {
            return default;
        }

        var longest = default(WordClass);
        for (var length = ShortestPrefix; ; hash = Features.Append(hash, word[length++]))
        {
            if (_prefixes.TryGet(word[..length], hash, out found))
            {
                longest = found;
            }

            if (length == word.Length || length == LongestPrefix)
            {
                return longest;
            }
        }
    }

    // Digits and signs among letters are letters, a letter held down is one letter, and masked letters are one question mark.
    // Zero when nothing changes.
    private static int Plain(ReadOnlySpan<char> word, Span<char> variant)
    {
        var (count, letters, changed) = (0, false, false);
        for (var i = 0; i < word.Length; i++)
        {
            letters |= word[i] is >= 'a' and <= 'z';
            var c = word[i] is '*' or '#' ? '?' : CharFold.Unleet(word[i]);
            changed |= c != word[i];
            if (c == '?' && count > 0 && variant[count - 1] == '?')
            {
                continue;
            }

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
