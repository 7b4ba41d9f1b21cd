using System.Runtime.CompilerServices;

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

/// <summary>Takes the features of a text one by one; a struct, so that scoring compiles to plain additions.</summary>
public interface IFeatureSink
{
    void Add(FeatureFamily family, uint hash);

    /// <summary>Takes the sequences of a word's letters, as <see cref="Features.AddLetters"/> hands them over.</summary>
    /// <param name="hash">Of the word.</param>
    void AddLetters(ReadOnlySpan<char> word, uint hash);

    /// <summary>Told between two words, every few of them: what follows belongs to the next piece of the stretch.</summary>
    void NextPiece();
}

/// <summary>Feature extraction shared by the classifiers. The hash is part of every trained model and must never change.</summary>
public static class Features
{
    private const uint Offset = 2166136261;
    private const uint Prime = 16777619;

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
        for (var start = -1; start < word.Length - 1; start++)
        {
            var hash = Offset;
            for (var i = start; i <= word.Length && i < start + 5; i++)
            {
                hash = Append(hash, i < 0 || i == word.Length ? '_' : word[i]);
                if (i - start >= 2)
                {
                    sink.Add(FeatureFamily.Letters, hash);
                }
            }
        }
    }
}
