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
}

/// <summary>Remembers what words are and what they add by themselves: most words of a text were in another one before.</summary>
/// <remarks>
/// A word of seven letters has eighteen sequences, each with a weight somewhere in a table that is larger than the processor's nearest
/// cache. What they add is a whole number that depends on the word and on nothing else, so a remembered sum is the same sum. A word has
/// two places and takes one from the older word there; whoever fills it with words of their own only makes it useless. Not for two threads.
/// </remarks>
/// <param name="nothing">The sum that words are added to.</param>
internal sealed class WordMemo<TSum>(ConstructionFeatures features, TSum nothing)
    where TSum : struct, IWeightSum
{
    // 64 bytes each: as much as the processor fetches at once.
    private const int Bits = 12;
    private const int Ways = 2;

    private readonly Entry[] _entries = new Entry[Ways << Bits];
    private KnownWord _other;

    /// <summary>What a word is and adds; good until the next call.</summary>
    public ref KnownWord Of(FoldedText text, int word)
    {
        var key = text.KeyOf(word, out var length);
        var set = _entries.AsSpan((int)(key.Hash >> (64 - Bits)) * Ways, Ways);
        if (length <= WordKey.Longest)
        {
            if (set[0].Key.Is(key))
            {
                return ref Amid(text, word, ref set[0].Word);
            }

            if (set[1].Key.Is(key))
            {
                return ref Amid(text, word, ref set[1].Word);
            }
        }

        return ref Learn(text, word);
    }

    // In scripts without spaces it depends on what follows whether a word is listed, and on nothing else.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref KnownWord Amid(FoldedText text, int word, ref KnownWord known)
    {
        if (text[word][0] < AbuseLexicon.FirstUnspaced || !features.ReachesBeyond(text, word))
        {
            return ref known;
        }

        _other = known.As(features.ClassOf(text, word));
        return ref _other;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ref KnownWord Learn(FoldedText text, int word)
    {
        var key = text.KeyOf(word, out var length);
        var sum = nothing;
        _other = KnownWord.Of(features.Look(text, word, ref sum), sum);

        // What was respelled is not the word that was asked for.
        if (length > WordKey.Longest || !text.KeyOf(word, out _).Is(key))
        {
            return ref _other;
        }

        // The newest first; the last of the set makes room.
        var set = _entries.AsSpan((int)(key.Hash >> (64 - Bits)) * Ways, Ways);
        set[1] = set[0];
        (set[0].Key, set[0].Word) = (key, _other);
        return ref set[0].Word;
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Entry
    {
        public WordKey Key;
        public KnownWord Word;
    }
}

/// <summary>What is remembered of a word.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct KnownWord
{
    private readonly uint _weights;
    private readonly uint _hash;
    private uint _code;
    private readonly SmallWord _small;
    private readonly ushort _letterCount;

    private KnownWord(WordSense sense, Vector128<int> weights, Vector128<int> letters, int letterCount)
    {
        (_hash, _code, _small) = (sense.Hash, sense.Code, sense.Small);
        (_weights, Letters, _letterCount) = (Panel.Pack(weights), letters, (ushort)letterCount);
    }

    // A stretch has at most 4,096 characters, so that the number of its sequences fits.
    public static KnownWord Of<TSum>(WordSense sense, TSum sum)
        where TSum : struct, IWeightSum => new(sense, sum.TotalsOf(FeatureFamily.Word), sum.TotalsOf(FeatureFamily.Letters), sum.CountOf(FeatureFamily.Letters));

    public readonly WordSense Sense => new(_hash, _code, _small);

    /// <summary>The same word where it is listed as something else.</summary>
    public readonly KnownWord As(WordClass found) => this with { _code = Sense.As(found).Code };

    /// <summary>What the word adds, a lane for each model.</summary>
    public readonly Vector128<int> Weights => Panel.Unpack(_weights);

    /// <summary>What its letters add, a lane for each model.</summary>
    public Vector128<int> Letters { get; }

    public readonly int LetterCount => _letterCount;

    /// <summary>For who asks about it; unknown at first.</summary>
    public WordMeaning Meaning { get; set; }
}
