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

    // Whether a word was in a sentence that has ended, and whether it was in two.
    private const int Once = 1;
    private const int Twice = 2;

    private readonly byte[] _known = new byte[1 << Bits];
    private ushort[] _words = new ushort[256];
    private int _wordCount;
    private readonly List<(int End, int Length, double Asking, int Pointing)> _sentences = [];
    private int _pointing;

    public int Count => _sentences.Count;

    public void Clear()
    {
        foreach (var place in _words.AsSpan(0, _wordCount))
        {
            _known[place] = 0;
        }

        _sentences.Clear();
        (_wordCount, _pointing) = (0, 0);
    }

    /// <param name="length">Of the sentence, in characters.</param>
    /// <param name="asking">Chance that it is a request.</param>
    public void Add(FoldedText sentence, int length, double asking)
    {
        for (var i = 0; i < sentence.Count; i++)
        {
            var hash = Features.Hash(sentence[i]);
            Add([KnownWord.Of(new WordSense(hash, WordSense.Other, SmallWord.None), MeaningOf(sentence[i], hash))]);
        }

        EndSentence(length, asking);
    }

    /// <param name="hash"><see cref="Features.Hash"/> of the word.</param>
    internal static WordMeaning MeaningOf(ReadOnlySpan<char> word, uint hash) =>
        word.Length < ShortestWord ? WordMeaning.None
        : Pointers.TryGet(word, hash, out _) ? WordMeaning.Pointer
        : Empty.TryGet(word, hash, out _) ? WordMeaning.None
        : WordMeaning.Own;

    /// <summary>Adds words to the sentence that is being read.</summary>
    internal void Add(ReadOnlySpan<KnownWord> words)
    {
        if (_words.Length - _wordCount < words.Length)
        {
            Array.Resize(ref _words, 2 * (_wordCount + words.Length));
        }

        // Each is written down whatever it is, and written over by the next: nobody foresees which of them count.
        var (count, pointing) = (_wordCount, _pointing);
        foreach (ref readonly var word in words)
        {
            _words[count] = (ushort)(Features.Mix(word.Hash) >> (32 - Bits));
            count += word.Meaning == WordMeaning.Own ? 1 : 0;
            pointing += word.Meaning == WordMeaning.Pointer ? 1 : 0;
        }

        (_wordCount, _pointing) = (count, pointing);
    }

    /// <summary>Ends the sentence that is being read.</summary>
    internal void EndSentence(int length, double asking)
    {
        var words = _words.AsSpan((_sentences.Count == 0 ? 0 : _sentences[^1].End).._wordCount);
        foreach (var place in words)
        {
            _known[place] |= (byte)((_known[place] & Once) * Twice);
        }

        foreach (var place in words)
        {
            _known[place] |= Once;
        }

        _sentences.Add((_wordCount, length, asking, _pointing));
        _pointing = 0;
    }

    /// <summary>Of a sentence, once all have been added.</summary>
    public Standing Of(int sentence)
    {
        var from = sentence == 0 ? 0 : _sentences[sentence - 1].End;
        var (end, length, asking, pointing) = _sentences[sentence];
        var shared = 0;
        foreach (var place in _words.AsSpan(from..end))
        {
            shared += _known[place] / Twice;
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
