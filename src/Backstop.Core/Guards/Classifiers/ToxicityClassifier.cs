using Backstop.Core.Guards.Text;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Scores one stretch of text for abuse.</summary>
public sealed class ToxicityClassifier(LinearModel model, AbuseLexicon lexicon)
{
    // One scratch text for each thread: a request is judged on one thread at a time, and nothing is allocated.
    [ThreadStatic]
    private static FoldedText? _scratch;

    private readonly ConstructionFeatures _features = new(lexicon);

    public static ToxicityClassifier Shared { get; } =
        new(LinearModel.Read(EmbeddedText.Bytes("toxicity.weights")), AbuseLexicon.Shared);

    /// <summary>The score from which a sentence of an ordinary answer is taken for abuse.</summary>
    public double Threshold => model.Threshold;

    /// <summary>Adds up the evidence in one stretch.</summary>
    public LinearModel.Sum Weigh(ReadOnlySpan<char> stretch, bool escaped)
    {
        var text = _scratch ??= new FoldedText();
        text.Read(stretch, escaped);
        var sum = model.Begin();
        _features.Extract(text, ref sum);
        return sum;
    }

    /// <summary>From 0, harmless, to 1.</summary>
    public double Score(LinearModel.Sum evidence) => model.Score(evidence);
}
