using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Backstop.Core.Guards.Text;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Scores one stretch of text for abuse.</summary>
/// <remarks>
/// A stretch is judged as a whole, and, if it is long, in pieces of a few words, each with the next one: an insult amid twenty
/// harmless words is an insult.
/// </remarks>
public sealed class ToxicityClassifier(LinearModel model, AbuseLexicon lexicon)
{
    // One scratch for each thread: a request is judged on one thread at a time, and nothing is allocated.
    [ThreadStatic]
    private static Scratch? _scratch;

    private readonly ConstructionFeatures _features = new(lexicon);
    public static ToxicityClassifier Shared { get; } =
        new(LinearModel.Read(EmbeddedText.Bytes("toxicity.weights")), AbuseLexicon.Shared);

    /// <summary>The score from which a sentence of an ordinary answer is taken for abuse.</summary>
    public double Threshold => model.Threshold;

    /// <summary>Adds up the evidence in one stretch.</summary>
    /// <param name="worst">Of the stretch or of its worst two pieces, as a logit.</param>
    public Tally Weigh(ReadOnlySpan<char> stretch, bool escaped, out double worst)
    {
        var scratch = _scratch is { } known && known.Owner == this ? known : _scratch = new Scratch(this, model);
        scratch.Text.Read(stretch, escaped);
        scratch.Pieces.Clear();
        var sums = new PieceSums(model.Begin(), scratch.Memo, scratch.Pieces);
        _features.Extract(scratch.Text, ref sums);
        sums.NextPiece();

        var pieces = CollectionsMarshal.AsSpan(scratch.Pieces);
        var all = pieces[0];
        var most = double.NegativeInfinity;
        for (var i = 1; i < pieces.Length; i++)
        {
            all = all.With(in pieces[i]);
            var two = pieces[i - 1].With(in pieces[i]);
            most = pieces.Length > 2 ? Math.Max(most, model.Logit(in two)) : most;
        }

        worst = Math.Max(most, model.Logit(in all));
        return all;
    }

    /// <summary>What evidence says, as a logit.</summary>
    public double Weigh(in Tally tally) => model.Logit(in tally);

    private sealed class Scratch(ToxicityClassifier owner, LinearModel model)
    {
        public ToxicityClassifier Owner => owner;

        public WordMemo<LinearModel.Sum> Memo { get; } = new(owner._features, model.Begin());

        public FoldedText Text { get; } = new();

        public List<Tally> Pieces { get; } = [];
    }

    [StructLayout(LayoutKind.Auto)]
    private struct PieceSums(LinearModel.Sum nothing, WordMemo<LinearModel.Sum> memo, List<Tally> pieces) : ITextSink
    {
        private LinearModel.Sum _current = nothing;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(FeatureFamily family, uint hash) => _current.Add(family, hash);

        public readonly void Begin(FoldedText text) => memo.Read(text);

        public WordSense AddWord(ConstructionFeatures features, FoldedText text, int word)
        {
            ref readonly var known = ref memo[word];
            _current.Add(in known);
            return known.Sense;
        }

        public void NextPiece()
        {
            pieces.Add(_current.Tally);
            _current.Clear();
        }
    }
}
