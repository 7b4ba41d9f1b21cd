using Backstop.Core.Guards.Classifiers;

namespace Backstop.Simulation.Training;

/// <summary>How one classifier is made: what it is trained on and how a text becomes features.</summary>
public abstract class TrainingRecipe
{
    /// <summary>Name of the check, and of the file of weights.</summary>
    public abstract string Name { get; }

    public virtual TrainingOptions Options { get; } = new(Epochs: 5, Rate: 0.12);

    /// <summary>Share of ordinary texts that may be flagged at the classifier's own threshold.</summary>
    public abstract double FalsePositiveRate { get; }

    /// <summary>All rows, weighted, in an order that is always the same.</summary>
    public abstract IEnumerable<TrainingRow> Rows(TrainingData data);

    /// <summary>Whether a row is one of those that <see cref="FalsePositiveRate"/> is counted over.</summary>
    public abstract bool IsOrdinary(TrainingRow row);

    /// <summary>Whether a row counts for the figures; the other sources are help in training.</summary>
    public abstract bool IsMeasured(TrainingRow row);

    /// <summary>Beginnings of the names of sources that are left out, one after the other, to see what carries over.</summary>
    public abstract IReadOnlyList<string> LeftOut { get; }

    /// <summary>The features of what the check judges by itself, and of the whole text if there is a model of it.</summary>
    public abstract TrainingExample Read(TrainingRow row);

    /// <summary>What the model of the whole text adds to each part, as a logit; null when there is none.</summary>
    public virtual Func<double, double>? Background => null;

    /// <summary>Trains on examples.</summary>
    /// <remarks>
    /// Of a text that must be caught only some part need be harmful, and nobody has marked which; of a harmless one no part
    /// may be flagged. A first round takes all parts; the second gives full weight to the part that the first finds worst
    /// (multiple-instance learning, Andrews et al. 2003).
    /// </remarks>
    public TrainedModels Fit(IReadOnlyCollection<TrainingExample> examples)
    {
        var first = new LogisticTrainer(Options with { Epochs = 2 });
        first.Train([.. examples.SelectMany(e => e.Parts.Select(part => (part, e.Row.Positive, e.Row.Weight / Math.Sqrt(e.Parts.Count))))]);
        var second = new LogisticTrainer(Options);
        second.Train([.. examples.SelectMany(e => Weighed(e, first))]);
        if (Background is not { } background)
        {
            return new TrainedModels(second, null, _ => 0);
        }

        var whole = new LogisticTrainer(Options);
        whole.Train([.. examples.Select(e => (e.Whole, e.Row.Positive, e.Row.Weight))]);
        return new TrainedModels(second, whole, background);
    }

    private static IEnumerable<(FeatureVector Part, bool Positive, double Weight)> Weighed(TrainingExample example, LogisticTrainer model)
    {
        var (row, worst) = (example.Row, example.Parts.MaxBy(part => part.Logit(model.Weights, model.Bias))!);
        yield return (worst, row.Positive, row.Weight);
        foreach (var part in example.Parts.Where(part => !row.Positive && part != worst))
        {
            yield return (part, false, row.Weight / Math.Sqrt(example.Parts.Count));
        }
    }

    /// <summary>Scores every example with a model that saw no row of its group.</summary>
    public IReadOnlyList<ScoredRow> CrossValidate(IReadOnlyList<TrainingExample> examples, uint folds = Folds)
    {
        var scored = new List<ScoredRow>();
        for (var fold = 0u; fold < folds; fold++)
        {
            var models = Fit([.. examples.Where(e => FoldOf(e, folds) != fold)]);
            scored.AddRange(examples.Where(e => FoldOf(e, folds) == fold).Select(models.Score));
        }

        return scored;
    }

    /// <summary>Scores the rows of some sources with a model that saw nothing of them.</summary>
    /// <remarks>Sources without harmless texts are measured against a third of the others', which the model has not seen either.</remarks>
    public IReadOnlyList<ScoredRow> LeaveOut(IReadOnlyList<TrainingExample> examples, string sources)
    {
        var alone = examples.Any(e => IsLeftOut(e.Row) && !e.Row.Positive);
        var models = Fit([.. examples.Where(e => !IsLeftOut(e.Row) && !IsHeldOut(e))]);
        return [.. examples.Where(e => IsLeftOut(e.Row) || (IsHeldOut(e) && !e.Row.Positive)).Select(models.Score)];

        // A whole third, and not its harmless texts alone: an attack planted in a document shares most words with the document.
        bool IsHeldOut(TrainingExample e) => !alone && IsMeasured(e.Row) && FoldOf(e, Folds) == 0;

        bool IsLeftOut(TrainingRow row) => row.Source.StartsWith(sources, StringComparison.Ordinal);
    }

    /// <summary>The logit from which a text is flagged: the one that cross-validation allows.</summary>
    public double ThresholdOf(IEnumerable<ScoredRow> scored) =>
        ClassificationMetrics.ThresholdAt(FalsePositiveRate, scored.Where(s => IsOrdinary(s.Row)).Select(s => s.Logit));

    private const uint Folds = 3;

    private static uint FoldOf(TrainingExample example, uint folds) => Features.Mix(Features.Hash(example.Row.Group)) % folds;
}

/// <summary>A row with the features of its parts.</summary>
public sealed record TrainingExample(TrainingRow Row, IReadOnlyList<FeatureVector> Parts, FeatureVector Whole);

public sealed record ScoredRow(TrainingRow Row, double Logit);

/// <summary>What training made: a model of parts, and perhaps one of whole texts.</summary>
public sealed record TrainedModels(LogisticTrainer Part, LogisticTrainer? Whole, Func<double, double> Background)
{
    /// <summary>A text is as harmful as the worst of its parts.</summary>
    public ScoredRow Score(TrainingExample example)
    {
        var background = Whole is null ? 0 : Background(example.Whole.Logit(Whole.Weights, Whole.Bias));
        return new ScoredRow(example.Row, background + example.Parts.Max(part => part.Logit(Part.Weights, Part.Bias)));
    }

    /// <summary>The files of weights, by name.</summary>
    /// <param name="threshold">The logit from which a text is flagged.</param>
    public IReadOnlyList<(string File, ReadOnlyMemory<byte> Bytes)> Write(string name, double threshold) => Whole is null
        ? [($"{name}.weights", Part.Quantise(threshold).Write())]
        : [($"{name}.weights", Part.Quantise(threshold).Write()), ($"{name}.whole.weights", Whole.Quantise(0).Write())];
}
