using System.Collections.Frozen;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>What the classifiers look at: words, letters, and how a sentence is built.</summary>
/// <remarks>
/// Words and letters fit a data set; what carries over to texts of another kind is how abuse is built: "you are a" with an
/// insult, a group with a word for vermin, "should be" with a word for violence, and a "not" before any of them. So words are
/// also replaced by their class in the lexicon, small words are kept, and short sequences of the result
/// are features of their own, the edges of the stretch among them. A listed word between quotation marks has a class of its own: repeating is not saying.
/// </remarks>
public sealed class ConstructionFeatures(AbuseLexicon lexicon)
{
    private const uint Other = 1;
    private const uint Edge = 2;
    private const uint Quoted = 0x1_0000;
    private const int Reach = 5;

    private static readonly FrozenSet<string> Small = Words(
        """
        are is am was were be been being will would should could can must have has had do does did go get gets i im ill we they
        them he she him her his their my me it its this that those these all every any some to of in on at for with from like as
        and or but if because why what who how when deserve deserves need needs want hope wish love make let look think believe
        know gonna going ought better only more than into out up off away back here there people person one thing us our
        enough ever again anyone someone somebody anybody everyone everybody everything anything nothing without
        before after until since under over each single own whole let lets even please where which whose while come
        tell told take put keep stop try use call hell day night time way done yet already alone by about human humans
        """);

    // Words that strengthen and change nothing: without them "you are such a complete" and "you are a" are one pattern.
    private static readonly FrozenSet<string> Filler = Words(
        """
        a an the such so very really just too quite pretty rather completely totally absolutely utterly complete total absolute
        utter real little big huge most truly simply literally actually always still also
        """);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> SmallAt = Small.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> FillerAt = Filler.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Hands every feature of a text to the sink.</summary>
    public void Extract<TSink>(FoldedText text, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        Span<uint> recent = stackalloc uint[5];
        Span<bool> marked = stackalloc bool[5];
        Span<uint> classes = stackalloc uint[Reach];
        Span<int> places = stackalloc int[Reach];
        var (filled, classCount, previous) = (1, 0, 0u);
        recent[0] = Edge;
        for (var i = 0; i < text.Count; i++)
        {
            var found = lexicon.Find(text, i);
            var word = text[i];
            var hash = Features.Hash(word);
            sink.Add(FeatureFamily.Word, hash);
            sink.Add(FeatureFamily.Word, Features.Append(Features.Append(previous, ' '), hash));
            previous = hash;
            Features.AddLetters(word, ref sink);

            if (found.IsNone && FillerAt.Contains(word))
            {
                continue;
            }

            var code = Code(found, word, hash) | (!found.IsNone && text.IsQuoted(i) ? Quoted : 0);
            if (code == Other && recent[0] == Other)
            {
                continue;
            }

            Shift(recent, code);
            Shift(marked, !found.IsNone);
            filled = Math.Min(filled + 1, recent.Length);
            AddSequences(recent[..filled], marked[..filled], ref sink);
            if (!found.IsNone)
            {
                AddPairs(code, i, classes[..classCount], places, ref sink);
                Shift(classes, code);
                Shift(places, i);
                classCount = Math.Min(classCount + 1, Reach);
            }
        }

        Shift(recent, Edge);
        Shift(marked, false);
        AddSequences(recent[..Math.Min(filled + 1, recent.Length)], marked, ref sink);
    }

    private static uint Code(WordClass found, ReadOnlySpan<char> word, uint hash) =>
        !found.IsNone ? (uint)((found.Kind << 8) | found.Level) : SmallAt.Contains(word) ? hash | 0x8000_0000 : Other;

    private static void AddSequences<TSink>(ReadOnlySpan<uint> recent, ReadOnlySpan<bool> marked, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        var (hash, any) = (0x51u, false);
        for (var i = 0; i < recent.Length; i++)
        {
            hash = Features.Append(hash, recent[i]);
            any |= marked[i];
            if (any)
            {
                sink.Add(FeatureFamily.Pattern, hash);
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

    private static FrozenSet<string> Words(string text) =>
        text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
