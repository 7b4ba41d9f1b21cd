using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Adds up what features weigh, for one model or several.</summary>
internal interface IWeightSum : IFeatureSink
{
    /// <summary>The sum of a family, a lane for each model.</summary>
    Vector128<int> TotalsOf(FeatureFamily family);

    int CountOf(FeatureFamily family);

    /// <summary>Adds words that follow each other, each by itself and after the one before it.</summary>
    /// <param name="previous">The hash of the word before the first; 0 for none.</param>
    void Add(ReadOnlySpan<KnownWord> words, uint previous);

    /// <summary>Adds patterns.</summary>
    void Add(ReadOnlySpan<uint> patterns);
}

/// <summary>Remembers what words are and what they add by themselves: most words of a text were in another one before.</summary>
/// <remarks>
/// A word of seven letters has eighteen sequences, each with a weight somewhere in a table that is larger than the processor's nearest
/// cache. What they add is a whole number that depends on the word and on nothing else, so a remembered sum is the same sum. A word has
/// two places and takes one from the older word there; whoever fills it with words of their own only makes it useless. Not for two threads.
/// What is remembered is seldom in the processor's nearest cache, so that lines count: a word that is asked for moves to its first place,
/// and nearly all are found there.
/// </remarks>
/// <param name="nothing">The sum that words are added to.</param>
internal sealed class WordMemo<TSum>(ConstructionFeatures features, TSum nothing)
    where TSum : struct, IWeightSum
{
    private const int Bits = 12;

    private readonly CacheLines<Entry> _first = new(1 << Bits);
    private readonly CacheLines<Entry> _second = new(1 << Bits);

    // What the words of the text are, and which of them need a closer look.
    private KnownWord[] _words = new KnownWord[256];
    private int[] _odd = new int[256];

    /// <summary>Looks up all words of a text: what each is and adds; good until another is read.</summary>
    /// <remarks>Nothing is decided between one word and the next: the processor fetches what is known of several while it waits for the first.</remarks>
    public ReadOnlySpan<KnownWord> Read(FoldedText text)
    {
        if (_words.Length < text.Count)
        {
            Array.Resize(ref _words, 2 * text.Count);
            Array.Resize(ref _odd, 2 * text.Count);
        }

        var words = _words.AsSpan(0, text.Count);
        var first = _first.All;
        var odd = 0;
        for (var word = 0; word < words.Length; word++)
        {
            var key = text.KeyOf(word, out var length);
            ref readonly var entry = ref first[PlaceOf(key)];
            words[word] = entry.Word;
            _odd[odd] = word;
            odd += entry.Key.Is(key) & length <= WordKey.Longest & key.First < AbuseLexicon.FirstUnspaced ? 0 : 1;
        }

        foreach (var word in _odd.AsSpan(0, odd))
        {
            words[word] = Of(text, word);
        }

        return words;
    }

    private KnownWord Of(FoldedText text, int word)
    {
        var key = text.KeyOf(word, out var length);
        ref var first = ref _first.All[PlaceOf(key)];
        ref var second = ref _second.All[PlaceOf(key)];
        if (length <= WordKey.Longest)
        {
            if (second.Key.Is(key))
            {
                (first, second) = (second, first);
            }

            if (first.Key.Is(key))
            {
                // In scripts without spaces it depends on what follows whether a word is listed, and on nothing else.
                return features.ReachesBeyond(text, word) ? first.Word.As(features.ClassOf(text, word)) : first.Word;
            }
        }

        return Learn(text, word);
    }

    private KnownWord Learn(FoldedText text, int word)
    {
        var key = text.KeyOf(word, out var length);
        var sum = nothing;
        var sense = features.Look(text, word, ref sum);
        var known = KnownWord.Of(sense, Surroundings.MeaningOf(text[word], sense.Hash), sum);

        // What was respelled is not the word that was asked for.
        if (length <= WordKey.Longest && text.KeyOf(word, out _).Is(key))
        {
            ref var first = ref _first.All[PlaceOf(key)];
            _second.All[PlaceOf(key)] = first;
            first = new(key, known);
        }

        return known;
    }

    private static int PlaceOf(in WordKey key) => (int)(key.Hash >> (64 - Bits));

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Entry(WordKey Key, KnownWord Word);
}

/// <summary>What is known of a word.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct KnownWord
{
    private readonly uint _weights;
    private readonly uint _code;
    private readonly SmallWord _small;
    private readonly ushort _letterCount;

    private KnownWord(WordSense sense, WordMeaning meaning, Vector128<int> weights, Vector128<int> letters, int letterCount)
    {
        (Hash, _code, _small, Meaning) = (sense.Hash, sense.Code, sense.Small, meaning);
        (_weights, Letters, _letterCount) = (Panel.Pack(weights), letters, (ushort)letterCount);
    }

    // A stretch has at most 4,096 characters, so that the number of its sequences fits.
    public static KnownWord Of<TSum>(WordSense sense, WordMeaning meaning, TSum sum)
        where TSum : struct, IWeightSum =>
        new(sense, meaning, sum.TotalsOf(FeatureFamily.Word), sum.TotalsOf(FeatureFamily.Letters), sum.CountOf(FeatureFamily.Letters));

    /// <summary>A word of which only is known what it is.</summary>
    public static KnownWord Of(WordSense sense, WordMeaning meaning = WordMeaning.None) => new(sense, meaning, default, default, 0);

    public WordSense Sense => new(Hash, _code, _small);

    /// <summary>Of the word as it is spelled in the end.</summary>
    public uint Hash { get; }

    /// <summary>What it says about where a text stands.</summary>
    public WordMeaning Meaning { get; }

    /// <summary>The same word where it is listed as something else.</summary>
    public KnownWord As(WordClass found) => new(Sense.As(found), Meaning, Weights, Letters, _letterCount);

    /// <summary>What the word adds, a lane for each model.</summary>
    public Vector128<int> Weights => Panel.Unpack(_weights);

    /// <summary>What its letters add, a lane for each model.</summary>
    public Vector128<int> Letters { get; }

    public int LetterCount => _letterCount;
}
