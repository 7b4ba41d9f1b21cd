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
        scratch.CutAndSum(model.Begin());

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

        public Patterns Patterns { get; } = new();

        public List<Tally> Pieces { get; } = [];

        /// <summary>Sums up the pieces of the text that was read last; there is always one.</summary>
        public void CutAndSum(LinearModel.Sum sum)
        {
            Pieces.Clear();
            if (Text.Count == 0)
            {
                Pieces.Add(default);
                return;
            }

            var words = Memo.Read(Text);
            var previous = 0u;
            Patterns.ReadAll(words, Text);
            for (var (from, end) = (0, 0); from < words.Length; from = end)
            {
                end = Math.Min(from + ConstructionFeatures.WordsOfPiece, words.Length);
                sum.Clear();
                sum.Add(words[from..end], previous);
                sum.Add(Patterns.To(end));
                previous = words[end - 1].Hash;
                Pieces.Add(sum.Tally);
            }
        }
    }
}
