using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>What the classifiers look at: words, letters, and how a sentence is built.</summary>
/// <remarks>
/// Words and letters fit a data set; what carries over to texts of another kind is how abuse is built: "you are a" with an
/// insult, a group with a word for vermin, "should be" with a word for violence, and a "not" before any of them. So words are
/// also replaced by their class in the lexicon, small words are kept, and short sequences of the result
/// are features of their own, the edges of the stretch among them. A listed word between quotation marks has a class of its own: repeating is not saying.
/// Which classes stand in one stretch together, by twos and threes and in any order, carries over best of all: a group with harm is one thing,
/// a group with harm and a negation another.
/// </remarks>
public sealed class ConstructionFeatures(AbuseLexicon lexicon)
{
    private const uint Edge = 2;
    private const uint Quoted = 0x1_0000;
    private const int Reach = 5;
    private const int MostTogether = 8;
    private const int WordsOfPiece = 5;

    private static readonly HashedWords<SmallWord> SmallWords = new(
    [
        .. Kind(SmallWord.Speaker, "i im ill me my we us our"),
        .. Kind(SmallWord.Others, "he she him her his they them their"),
        .. Kind(SmallWord.Ought, "should must need needs ought deserve deserves"),
        .. Kind(SmallWord.Condition, "if when who"),
        .. Kind(
            SmallWord.Plain,
            """
            are is am was were be been being will would could can have has had do does did go get gets it its this that those these all
            every any some to of in on at for with from like as and or but because why what how want hope wish love make let look think
            believe know gonna going better only more than into out up off away back here there people person one thing enough ever
            again anyone someone somebody anybody everyone everybody everything anything nothing without before after until since under
            over each single own whole lets even please where which whose while come tell told take put keep stop try use call hell day
            night time way done yet already alone by about human humans
            """),

        // Words that strengthen and change nothing: without them "you are such a complete" and "you are a" are one pattern.
        .. Kind(
            SmallWord.Filler,
            """
            a an the such so very really just too quite pretty rather completely totally absolutely utterly complete total absolute
            utter real little big huge most truly simply literally actually always still also
            """),
    ]);

    /// <summary>Hands every feature of a text to the sink.</summary>
    public void Extract<TSink>(FoldedText text, ref TSink sink)
        where TSink : struct, ITextSink
    {
        Span<uint> classes = stackalloc uint[Reach];
        Span<int> places = stackalloc int[Reach];
        Span<uint> together = stackalloc uint[MostTogether];
        var (recent, classCount, previous, togetherCount) = (default(Recent), 0, 0u, 0);
        recent.Push(Edge, marked: false);
        sink.Begin(text);
        for (var i = 0; i < text.Count; i++)
        {
            if (i > 0 && i % WordsOfPiece == 0)
            {
                sink.NextPiece();
            }

            var sense = sink.AddWord(this, text, i);
            sink.Add(FeatureFamily.Word, Features.Append(Features.Append(previous, ' '), sense.Hash));
            previous = sense.Hash;
            if (sense.Small == SmallWord.Filler)
            {
                continue;
            }

            var code = sense.Code | (sense.IsListed && text.IsQuoted(i) ? Quoted : 0);
            if (code == WordSense.Other && recent[0] == WordSense.Other)
            {
                continue;
            }

            recent.Push(code, sense.IsListed);
            if (recent.AnyMarked)
            {
                AddSequences(ref recent, ref sink);
            }

            if ((sense.IsListed ? code : sense.Role) is not 0 and var kind && togetherCount < MostTogether
                && Features.Mix(kind) is var mixed && !together[..togetherCount].Contains(mixed))
            {
                AddTogether(mixed, together[..togetherCount], ref sink);
                together[togetherCount++] = mixed;
            }

            if (sense.IsListed)
            {
                AddPairs(code, i, classes[..classCount], places, ref sink);
                Shift(classes, code);
                Shift(places, i);
                classCount = Math.Min(classCount + 1, Reach);
            }
        }

        recent.Push(Edge, marked: false);
        if (recent.AnyMarked)
        {
            AddSequences(ref recent, ref sink);
        }
    }

    /// <summary>Hands over the features of one word, whatever stands around it, and says what it is.</summary>
    public WordSense Look<TSink>(FoldedText text, int word, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        var found = lexicon.Find(text, word, out var hash);
        var spelled = text[word];
        var small = SmallWord.None;
        if (found.IsNone)
        {
            SmallWords.TryGet(spelled, hash, out small);
        }

        sink.Add(FeatureFamily.Word, hash);
        if (small == SmallWord.None)
        {
            // The letters of a small word say no more than the word, and would drown those of the others.
            Features.AddLetters(spelled, ref sink);
        }

        return WordSense.Of(hash, found, small);
    }

    /// <summary>Whether what follows a word, in a script without spaces, may be part of a listed one that begins with it.</summary>
    internal bool ReachesBeyond(FoldedText text, int word) => lexicon.ReachesBeyond(text[word]);

    /// <summary>The class of a word in a script without spaces.</summary>
    internal WordClass ClassOf(FoldedText text, int word) => lexicon.Find(text, word, out _);

    private static void AddSequences<TSink>(ref Recent recent, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        var (hash, any) = (0x51u, false);
        for (var i = 0; i < recent.Count; i++)
        {
            hash = Features.Append(hash, recent[i]);
            any |= recent.IsMarked(i);
            if (any)
            {
                sink.Add(FeatureFamily.Pattern, hash);
            }
        }
    }

    // Sums do not depend on order. What is added up is mixed before, once for each.
    private static void AddTogether<TSink>(uint own, ReadOnlySpan<uint> others, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        for (var i = 0; i < others.Length; i++)
        {
            var two = own + others[i];
            sink.Add(FeatureFamily.Pattern, two);
            for (var j = 0; j < i; j++)
            {
                sink.Add(FeatureFamily.Pattern, (two + others[j]) ^ 0x7777);
            }
        }
    }

    private static void AddPairs<TSink>(uint code, int place, ReadOnlySpan<uint> classes, ReadOnlySpan<int> places, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        for (var i = 0; i < classes.Length; i++)
        {
            if (place - places[i] <= 8)
            {
                sink.Add(FeatureFamily.Pattern, Features.Append(Features.Append(0x77, classes[i]), code));
            }
        }
    }

    private static void Shift<T>(Span<T> values, T first)
    {
        values[..^1].CopyTo(values[1..]);
        values[0] = first;
    }

    private static IEnumerable<KeyValuePair<string, SmallWord>> Kind(SmallWord kind, string words) =>
        words.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(word => KeyValuePair.Create(word, kind));

    /// <summary>The last words, each as its code, the newest first.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct Recent
    {
        private const int Most = 5;

        private Codes _codes;
        private uint _marks;
        private int _newest;

        /// <summary>At most five.</summary>
        public int Count { get; private set; }

        public readonly uint this[int age] => _codes[(_newest - age) & (Places - 1)];

        public readonly bool AnyMarked => (_marks & ((1 << Most) - 1)) != 0;

        public readonly bool IsMarked(int age) => (_marks >> age & 1) != 0;

        public void Push(uint code, bool marked)
        {
            _newest = (_newest + 1) & (Places - 1);
            _codes[_newest] = code;
            _marks = (_marks << 1) | (marked ? 1u : 0);
            Count = Math.Min(Count + 1, Most);
        }

        private const int Places = 8;

        [InlineArray(Places)]
        private struct Codes
        {
            private uint _first;
        }
    }
}
