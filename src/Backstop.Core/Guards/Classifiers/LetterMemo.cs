using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Remembers what the letters of a word add to the sums of some models: most words of a text were in another one before.</summary>
/// <remarks>
/// A word of seven letters has eighteen sequences, each with a weight somewhere in a table that is larger than the processor's nearest
/// cache. What they add is a whole number that depends on the word and on nothing else, so a remembered sum is the same sum. A word has
/// one place and takes it from the word before; whoever fills it with words of their own only makes it useless. Not for two threads.
/// </remarks>
/// <param name="models">At most three.</param>
internal sealed class LetterMemo(params LinearModel[] models)
{
    public const int MostModels = 3;

    // 64 bytes each: as much as the processor fetches at once.
    private const int Places = 1 << 11;
    private const int Longest = 20;

    private readonly Entry[] _entries = new Entry[Places];

    /// <summary>Whether what it remembers is of these models.</summary>
    public bool Remembers(params ReadOnlySpan<LinearModel> others) => others.SequenceEqual(models);

    /// <summary>Adds the letters of a word to one sum for each model.</summary>
    /// <param name="hash"><see cref="Features.Hash"/> of the word.</param>
    public void AddTo(Span<LinearModel.Sum> sums, ReadOnlySpan<char> word, uint hash)
    {
        if (word.Length > Longest)
        {
            foreach (ref var sum in sums)
            {
                Features.AddLetters(word, ref sum);
            }

            return;
        }

        ref readonly var entry = ref Of(word, hash);
        for (var i = 0; i < sums.Length; i++)
        {
            sums[i].AddLetters(entry.Totals[i], entry.Count);
        }
    }

    private ref readonly Entry Of(ReadOnlySpan<char> word, uint hash)
    {
        ref var entry = ref _entries[Features.Mix(hash) & (Places - 1)];
        if (!word.SequenceEqual(entry.Word))
        {
            entry.Keep(word);
            for (var i = 0; i < models.Length; i++)
            {
                var sum = models[i].Begin();
                Features.AddLetters(word, ref sum);
                entry.Totals[i] = (short)sum.Total((int)FeatureFamily.Letters);
                entry.Count = (byte)sum.Count((int)FeatureFamily.Letters);
            }
        }

        return ref entry;
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Entry
    {
        public Sums Totals;
        public byte Count;
        private Letters _letters;
        private byte _length;

        [UnscopedRef]
        public readonly ReadOnlySpan<char> Word => ((ReadOnlySpan<char>)_letters)[.._length];

        public void Keep(ReadOnlySpan<char> word)
        {
            word.CopyTo(_letters);
            _length = (byte)word.Length;
        }
    }

    // At most 57 weights of a byte each.
    [InlineArray(MostModels)]
    private struct Sums
    {
        private short _first;
    }

    [InlineArray(Longest)]
    private struct Letters
    {
        private char _first;
    }
}
