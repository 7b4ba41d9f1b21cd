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
    /// <param name="worst">The score of the stretch or of its worst two pieces, from 0, harmless, to 1.</param>
    public LinearModel.Sum Weigh(ReadOnlySpan<char> stretch, bool escaped, out double worst)
    {
        var scratch = _scratch is { } known && known.Memo.Remembers(model) ? known : _scratch = new Scratch(new LetterMemo(model));
        var pieces = scratch.Pieces;
        scratch.Text.Read(stretch, escaped);
        pieces.Clear();
        var sums = new PieceSums(model.Begin(), scratch.Memo, pieces);
        _features.Extract(scratch.Text, ref sums);
        pieces.Add(sums.Current);

        var all = pieces[0];
        var most = double.NegativeInfinity;
        for (var i = 1; i < pieces.Count; i++)
        {
            all = all.With(pieces[i]);
            most = pieces.Count > 2 ? Math.Max(most, model.Logit(pieces[i - 1].With(pieces[i]))) : most;
        }

        worst = Chance(Math.Max(most, model.Logit(all)));
        return all;
    }

    /// <summary>From 0, harmless, to 1.</summary>
    public double Score(LinearModel.Sum evidence) => model.Score(evidence);

    private static double Chance(double logit) => 1 / (1 + Math.Exp(-logit));

    private sealed class Scratch(LetterMemo memo)
    {
        public LetterMemo Memo { get; } = memo;

        public FoldedText Text { get; } = new();

        public List<LinearModel.Sum> Pieces { get; } = [];
    }

    [StructLayout(LayoutKind.Auto)]
    private struct PieceSums(LinearModel.Sum empty, LetterMemo memo, List<LinearModel.Sum> pieces) : IFeatureSink
    {
        private readonly LinearModel.Sum _empty = empty;

        public LinearModel.Sum Current = empty;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(FeatureFamily family, uint hash) => Current.Add(family, hash);

        public void AddLetters(ReadOnlySpan<char> word, uint hash) => memo.AddTo(new Span<LinearModel.Sum>(ref Current), word, hash);

        public void NextPiece()
        {
            pieces.Add(Current);
            Current = _empty;
        }
    }
}
