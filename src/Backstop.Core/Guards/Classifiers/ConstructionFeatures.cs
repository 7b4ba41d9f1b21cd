using System.Runtime.CompilerServices;
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
    internal const int WordsOfPiece = 5;

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
        var (patterns, words, previous) = (new Patterns(), new KnownWord[text.Count], 0u);
        patterns.Begin(text.Count);
        for (var (from, end) = (0, 0); from < text.Count; from = end)
        {
            if (from > 0)
            {
                sink.NextPiece();
            }

            end = Math.Min(from + WordsOfPiece, text.Count);
            for (var i = from; i < end; i++)
            {
                var sense = sink.AddWord(this, text, i);
                sink.Add(FeatureFamily.Word, PairOf(previous, sense.Hash));
                previous = sense.Hash;
                words[i] = KnownWord.Of(sense);
            }

            patterns.Read(words.AsSpan(from..end), text, from);
            if (end == text.Count)
            {
                patterns.End();
            }

            foreach (var hash in patterns.To(end))
            {
                sink.Add(FeatureFamily.Pattern, hash);
            }
        }
    }

    /// <summary>What stands for a word after another one; 0 stands for none before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint PairOf(uint previous, uint word) => Features.Append(Features.Append(previous, ' '), word);

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

    private static IEnumerable<KeyValuePair<string, SmallWord>> Kind(SmallWord kind, string words) =>
        words.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(word => KeyValuePair.Create(word, kind));
}
