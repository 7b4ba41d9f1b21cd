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
    private const uint Other = 1;
    private const uint Edge = 2;
    private const uint Quoted = 0x1_0000;
    private const int Reach = 5;
    private const int MostTogether = 8;
    private const int WordsOfPiece = 5;

    // Who speaks or is spoken about, and what ought to be, matter as much as the words of the list.
    private const uint Speaker = 1;
    private const uint Others = 2;
    private const uint Ought = 3;
    private const uint Condition = 4;
    private const uint Plain = 5;
    private const uint Filler = 6;

    private static readonly HashedWords<uint> Small = new(
    [
        .. Kind(Speaker, "i im ill me my we us our"),
        .. Kind(Others, "he she him her his they them their"),
        .. Kind(Ought, "should must need needs ought deserve deserves"),
        .. Kind(Condition, "if when who"),
        .. Kind(
            Plain,
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
            Filler,
            """
            a an the such so very really just too quite pretty rather completely totally absolutely utterly complete total absolute
            utter real little big huge most truly simply literally actually always still also
            """),
    ]);

    /// <summary>Hands every feature of a text to the sink.</summary>
    public void Extract<TSink>(FoldedText text, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        Span<uint> recent = stackalloc uint[5];
        Span<bool> marked = stackalloc bool[5];
        Span<uint> classes = stackalloc uint[Reach];
        Span<int> places = stackalloc int[Reach];
        Span<uint> together = stackalloc uint[MostTogether];
        var (filled, classCount, previous, togetherCount) = (1, 0, 0u, 0);
        recent[0] = Edge;
        for (var i = 0; i < text.Count; i++)
        {
            if (i > 0 && i % WordsOfPiece == 0)
            {
                sink.NextPiece();
            }

            var found = lexicon.Find(text, i, out var hash);
            var word = text[i];
            sink.Add(FeatureFamily.Word, hash);
            sink.Add(FeatureFamily.Word, Features.Append(Features.Append(previous, ' '), hash));
            previous = hash;
            var small = 0u;
            if (!found.IsNone || !Small.TryGet(word, hash, out small))
            {
                // The letters of a small word say no more than the word, and would drown those of the others.
                sink.AddLetters(word, hash);
            }
            else if (small == Filler)
            {
                continue;
            }

            var code = Code(found, small, hash) | (!found.IsNone && text.IsQuoted(i) ? Quoted : 0);
            if (code == Other && recent[0] == Other)
            {
                continue;
            }

            Shift(recent, code);
            Shift(marked, !found.IsNone);
            filled = Math.Min(filled + 1, recent.Length);
            AddSequences(recent[..filled], marked[..filled], ref sink);
            if ((!found.IsNone ? code : small % Plain) is not 0 and var kind && togetherCount < MostTogether && !together[..togetherCount].Contains(kind))
            {
                AddTogether(kind, together[..togetherCount], ref sink);
                together[togetherCount++] = kind;
            }

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

    private static uint Code(WordClass found, uint small, uint hash) =>
        !found.IsNone ? (uint)((found.Kind << 8) | found.Level) : small != 0 ? hash | 0x8000_0000 : Other;

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

    // Sums do not depend on order.
    private static void AddTogether<TSink>(uint code, ReadOnlySpan<uint> others, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        var own = Features.Mix(code);
        for (var i = 0; i < others.Length; i++)
        {
            var two = own + Features.Mix(others[i]);
            sink.Add(FeatureFamily.Pattern, two);
            for (var j = 0; j < i; j++)
            {
                sink.Add(FeatureFamily.Pattern, (two + Features.Mix(others[j])) ^ 0x7777);
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

    private static IEnumerable<KeyValuePair<string, uint>> Kind(uint kind, string words) =>
        words.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(word => KeyValuePair.Create(word, kind));
}
