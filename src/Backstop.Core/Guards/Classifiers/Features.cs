using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Families of features; each has a table of weights of its own.</summary>
public enum FeatureFamily
{
    /// <summary>Words and pairs of words.</summary>
    Word,

    /// <summary>Three to five letters inside a word.</summary>
    Letters,

    /// <summary>Short sequences in which words are replaced by what they are.</summary>
    Pattern,
}

/// <summary>Takes features one by one; a struct, so that scoring compiles to plain additions.</summary>
public interface IFeatureSink
{
    void Add(FeatureFamily family, uint hash);
}

/// <summary>Takes the features of a text, word after word.</summary>
public interface ITextSink : IFeatureSink
{
    /// <summary>Takes what a word says by itself, as <see cref="ConstructionFeatures.Look"/> hands it over.</summary>
    WordSense AddWord(ConstructionFeatures features, FoldedText text, int word);

    /// <summary>Told between two words, every few of them: what follows belongs to the next piece of the stretch.</summary>
    void NextPiece();
}

/// <summary>Feature extraction shared by the classifiers. The hash is part of every trained model and must never change.</summary>
public static class Features
{
    private const uint Offset = 2166136261;
    private const uint Prime = 16777619;

    // The longest sequence, and how many begin in what is looked at together.
    private const int Longest = 5;
    private const int Most = 32;

    /// <summary>FNV-1a over UTF-16 units.</summary>
    public static uint Hash(ReadOnlySpan<char> text, uint seed = Offset)
    {
        foreach (var c in text)
        {
            seed = (seed ^ c) * Prime;
        }

        return seed;
    }

    public static uint Append(uint hash, uint value) => (hash ^ value) * Prime;

    internal static Vector256<uint> Append(Vector256<uint> hashes, Vector256<uint> values) => (hashes ^ values) * Vector256.Create(Prime);

    /// <summary>Spreads the entropy over all bits (the finalizer of MurmurHash3), for tables that use the low ones.</summary>
    public static uint Mix(uint hash)
    {
        hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
        return hash ^ (hash >> 16);
    }

    /// <summary>Which of a table's weights a feature has: the high bits of a product with the golden ratio (Knuth, TAOCP 6.4).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PlaceOf(uint hash, int length) => (int)(((ulong)(hash * 0x9e3779b1) * (uint)length) >> 32);

    /// <summary>Sequences of three to five letters of a word with its edges.</summary>
    public static void AddLetters<TSink>(ReadOnlySpan<char> word, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        Span<uint> letters = stackalloc uint[Most + Longest + 1];
        for (var from = 0; from < word.Length; from += Most)
        {
            // The sequences that begin at these letters, or at the edge before the first of them.
            var starts = Math.Min(Most, word.Length - from);
            for (var i = 0; i < starts + Longest - 1; i++)
            {
                letters[i] = from + i is > 0 and var place && place <= word.Length ? word[place - 1] : '_';
            }

            AddSequences(letters, starts, word.Length + 2 - from, ref sink);
        }
    }

    // Four sequences are hashed at once, each from its own start: a hash is a chain of multiplications, of which none can wait for the next.
    private static void AddSequences<TSink>(ReadOnlySpan<uint> letters, int starts, int length, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        Span<uint> three = stackalloc uint[Most], four = stackalloc uint[Most], five = stackalloc uint[Most];
        for (var start = 0; start < starts; start += Vector128<uint>.Count)
        {
            var hash = Append(Append(Append(Vector128.Create(Offset), letters[start..]), letters[(start + 1)..]), letters[(start + 2)..]);
            hash.CopyTo(three[start..]);
            hash = Append(hash, letters[(start + 3)..]);
            hash.CopyTo(four[start..]);
            Append(hash, letters[(start + 4)..]).CopyTo(five[start..]);
        }

        for (var start = 0; start < starts; start++)
        {
            sink.Add(FeatureFamily.Letters, three[start]);
            if (start + 4 <= length)
            {
                sink.Add(FeatureFamily.Letters, four[start]);
            }

            if (start + 5 <= length)
            {
                sink.Add(FeatureFamily.Letters, five[start]);
            }
        }
    }

    private static Vector128<uint> Append(Vector128<uint> hashes, ReadOnlySpan<uint> letters) =>
        (hashes ^ Vector128.Create(letters)) * Vector128.Create(Prime);
}
