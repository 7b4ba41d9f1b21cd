using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Backstop.Core.Guards.Classifiers;
using Backstop.Core.Guards.Text;
using CsCheck;

namespace Backstop.Core.Tests.Guards;

/// <summary>What is remembered of words, and added for several models at once, is what each model would add by itself.</summary>
public sealed class WordMemoTests
{
    private static readonly LinearModel[] Models =
        [.. ((string[])["injection.weights", "injection.whole.weights", "injection.request.weights"]).Select(name => LinearModel.Read(LinearModel.Embedded(name).Span))];

    private static readonly Panel Panel = new(Models);

    private static readonly string[] Known =
    [
        "you", "are", "a", "stupid", "1d1ot", "idiooot", "f**k", "ignore", "ignora", "1gn0re", "all", "previous", "instructions", "忽略", "指令", "system", "internationalisation", "\"they\"", "should", "vermin",
    ];

    // Listed, disguised and small words among made ones, as long as what is remembered and longer.
    private static readonly Gen<string> Words = Gen.OneOf(
        Gen.Char["abcdefghéя忽7!"].Array[1, 30].Select(letters => new string(letters)),
        Gen.Int[0, Known.Length - 1].Select(i => Known[i]));

    private static readonly Gen<string> Texts = Words.Array[1, 60].Select(words => string.Join(' ', words));

    [Fact]
    public void A_text_has_the_same_sums_for_the_models_of_injection()
    {
        var (folded, patterns) = (new FoldedText(), new Patterns());
        var memo = new WordMemo<Panel.Sum>(InjectionFeatures.Shared.Constructions, Panel.Begin());
        Texts.Sample(
            text =>
            {
                var sum = Panel.Begin();
                folded.Read(text, escaped: false);
                var words = memo.Read(folded);
                patterns.ReadAll(words, folded);
                sum.Add(words, previous: 0);
                sum.Add(patterns.To(words.Length));
                for (var i = 0; i < Models.Length; i++)
                {
                    var plain = Plainly(InjectionFeatures.Shared.Constructions, text, Models[i]).Aggregate((all, piece) => all.With(in piece));
                    Assert.Equal(NumbersOf(plain), NumbersOf(sum.TallyOf(i)));
                }
            },
            threads: 1);
    }

    [Fact]
    public void And_each_of_its_pieces_for_the_model_of_toxicity()
    {
        var model = LinearModel.Read(LinearModel.Embedded("toxicity.weights").Span);
        var features = new ConstructionFeatures(AbuseLexicon.Shared);
        var (folded, patterns) = (new FoldedText(), new Patterns());
        var memo = new WordMemo<LinearModel.Sum>(features, model.Begin());
        Texts.Sample(
            text =>
            {
                var (pieces, previous) = (new List<Tally>(), 0u);
                folded.Read(text, escaped: false);
                var words = memo.Read(folded);
                patterns.ReadAll(words, folded);
                for (var (from, end) = (0, 0); from < words.Length; from = end)
                {
                    end = Math.Min(from + ConstructionFeatures.WordsOfPiece, words.Length);
                    var sum = model.Begin();
                    sum.Add(words[from..end], previous);
                    sum.Add(patterns.To(end));
                    pieces.Add(sum.Tally);
                    previous = words[end - 1].Hash;
                }

                Assert.Equal(Plainly(features, text, model).Select(NumbersOf), pieces.Select(NumbersOf));
            },
            threads: 1);
    }

    [Fact]
    public void Each_line_begins_where_a_line_of_the_cache_does()
    {
        var lines = new CacheLines<Vector512<byte>>(3).All;
        Assert.Equal(3, lines.Length);
        foreach (ref var line in lines)
        {
            Assert.Equal(0, Unsafe.ByteOffset(ref Unsafe.NullRef<Vector512<byte>>(), ref line) % 64);
        }

        Assert.Throws<ArgumentException>(() => new CacheLines<Vector256<byte>>(3));
    }

    [Fact]
    public void Models_with_tables_of_different_sizes_are_no_panel()
    {
        var small = new LinearModel([[1], [1], [1]], [1, 1, 1], 0, 0.5f);
        Assert.Throws<ArgumentException>(() => new Panel(Models[0], small));
    }

    [Fact]
    public void No_chance_reaches_a_threshold_with_less_evidence_than_it_needs() =>
        Gen.Select(Gen.Double[0, 1], Gen.Double[-40, 40], Gen.Double[-1e-5, 1e-5]).Sample((threshold, far, near) =>
        {
            foreach (var evidence in (double[])[far, Math.Log(threshold / (1 - threshold)) + near])
            {
                Assert.True(evidence >= Logistic.LeastFor(threshold) || Logistic.Chance(evidence) < threshold);
            }
        });

    private static List<Tally> Plainly(ConstructionFeatures features, string text, LinearModel model)
    {
        var plain = new Plain(model.Begin(), []);
        var folded = new FoldedText();
        folded.Read(text, escaped: false);
        features.Extract(folded, ref plain);
        plain.NextPiece();
        return plain.Pieces;
    }

    private static IEnumerable<(int Total, int Count)> NumbersOf(Tally tally) =>
        [.. Enumerable.Range(0, LinearModel.Families).Select(family => (tally.Total(family), tally.Count(family)))];

    private struct Plain(LinearModel.Sum sum, List<Tally> pieces) : ITextSink
    {
        private LinearModel.Sum _sum = sum;

        public readonly List<Tally> Pieces => pieces;

        public void Add(FeatureFamily family, uint hash) => _sum.Add(family, hash);

        public WordSense AddWord(ConstructionFeatures features, FoldedText text, int word) => features.Look(text, word, ref _sum);

        public void NextPiece()
        {
            pieces.Add(_sum.Tally);
            _sum.Clear();
        }
    }
}
