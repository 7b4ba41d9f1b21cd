using System.Runtime.InteropServices;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>The words of a text, sentence by sentence, for <see cref="Standing"/>. Reused, so that nothing is allocated.</summary>
public sealed class Surroundings
{
    private const int Bits = 13;
    private const int ShortestWord = 4;

    private static readonly HashedWords<bool> Pointers = new([.. Words(
        """
        this these above below following text passage article document paragraph email mail message letter table row column code
        snippet excerpt review page paper abstract essay poem sentence conversation transcript report description
        """).Select(word => KeyValuePair.Create(word, true))]);

    // Long enough to count, and in every text.
    private static readonly HashedWords<bool> Empty = new([.. Words(
        """
        that they them their there then than with what when where which while will would could should have been being were your yours
        from into only also just more most some such very about after again because before between both does doing down each here
        over same other under until well make made like need want know tell give please write explain answer reply response
        """).Select(word => KeyValuePair.Create(word, true))]);

    private readonly byte[] _counts = new byte[1 << Bits];
    private readonly List<ushort> _words = [];
    private readonly List<(int End, int Length, double Asking, int Pointing)> _sentences = [];
    private int _pointing;

    public int Count => _sentences.Count;

    public void Clear()
    {
        foreach (var place in CollectionsMarshal.AsSpan(_words))
        {
            _counts[place] = 0;
        }

        _words.Clear();
        _sentences.Clear();
        _pointing = 0;
    }

    /// <param name="length">Of the sentence, in characters.</param>
    /// <param name="asking">Chance that it is a request.</param>
    public void Add(FoldedText sentence, int length, double asking)
    {
        for (var i = 0; i < sentence.Count; i++)
        {
            var hash = Features.Hash(sentence[i]);
            Add(MeaningOf(sentence[i], hash), hash);
        }

        EndSentence(length, asking);
    }

    /// <param name="hash"><see cref="Features.Hash"/> of the word.</param>
    internal static WordMeaning MeaningOf(ReadOnlySpan<char> word, uint hash) =>
        word.Length < ShortestWord ? WordMeaning.None
        : Pointers.TryGet(word, hash, out _) ? WordMeaning.Pointer
        : Empty.TryGet(word, hash, out _) ? WordMeaning.None
        : WordMeaning.Own;

    /// <summary>Adds a word to the sentence that is being read.</summary>
    internal void Add(WordMeaning meaning, uint hash)
    {
        if (meaning == WordMeaning.Pointer)
        {
            _pointing++;
        }
        else if (meaning == WordMeaning.Own)
        {
            var place = (ushort)(Features.Mix(hash) >> (32 - Bits));
            ref var count = ref _counts[place];
            count = (byte)Math.Min(count + 1, byte.MaxValue);
            _words.Add(place);
        }
    }

    /// <summary>Ends the sentence that is being read.</summary>
    internal void EndSentence(int length, double asking)
    {
        _sentences.Add((_words.Count, length, asking, _pointing));
        _pointing = 0;
    }

    /// <summary>Of a sentence, once all have been added.</summary>
    public Standing Of(int sentence)
    {
        var from = sentence == 0 ? 0 : _sentences[sentence - 1].End;
        var (end, length, asking, pointing) = _sentences[sentence];
        var shared = 0;
        for (var i = from; i < end; i++)
        {
            _counts[_words[i]]--;
        }

        for (var i = from; i < end; i++)
        {
            shared += _counts[_words[i]] > 0 ? 1 : 0;
        }

        for (var i = from; i < end; i++)
        {
            _counts[_words[i]]++;
        }

        return new Standing(length, asking * length, end - from, shared, pointing);
    }

    private static string[] Words(string words) => words.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>What a word says about where a text stands.</summary>
internal enum WordMeaning : byte
{
    None,

    /// <summary>Points at a text.</summary>
    Pointer,

    /// <summary>Carries a meaning of its own.</summary>
    Own,
}
