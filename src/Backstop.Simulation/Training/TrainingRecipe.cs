using Backstop.Core.Guards.Classifiers;

namespace Backstop.Simulation.Training;

/// <summary>How one classifier is made: what it is trained on and how a text becomes features.</summary>
public abstract class TrainingRecipe
{
    /// <summary>Name of the check, and of the file of weights.</summary>
    public abstract string Name { get; }

    public virtual TrainingOptions Options { get; } = new(Epochs: 10, Rate: 0.12);

    /// <summary>Share of ordinary texts that may be flagged at the classifier's own threshold.</summary>
    public abstract double FalsePositiveRate { get; }

    /// <summary>All rows, weighted, in an order that is always the same.</summary>
    public abstract IEnumerable<TrainingRow> Rows(TrainingData data);

    /// <summary>Whether a row is one of those that <see cref="FalsePositiveRate"/> is counted over.</summary>
    public abstract bool IsOrdinary(TrainingRow row);

    /// <summary>Whether a row counts for the figures; the other sources are help in training.</summary>
    public abstract bool IsMeasured(TrainingRow row);

    /// <summary>The source that is left out once, to see what carries over; null for none.</summary>
    public abstract string? LeftOut { get; }

    /// <summary>The features of each part of a text that the check judges by itself.</summary>
    public abstract IEnumerable<FeatureVector> Cut(TrainingRow row);

    public TrainingExample Read(TrainingRow row) => new(row, [.. Cut(row).DefaultIfEmpty(FeatureVector.Empty)]);

    /// <summary>Trains on examples.</summary>
    /// <remarks>
    /// Of a text that must be caught only some part need be harmful, and nobody has marked which; of a harmless one no part
    /// may be flagged. A first round takes all parts; the second gives full weight to the part that the first finds worst
    /// (multiple-instance learning, Andrews et al. 2003).
    /// </remarks>
    public LogisticTrainer Fit(IReadOnlyCollection<TrainingExample> examples)
    {
        var first = new LogisticTrainer(Options with { Epochs = 2 });
        first.Train([.. examples.SelectMany(e => e.Parts.Select(part => (part, e.Row.Positive, e.Row.Weight / Math.Sqrt(e.Parts.Count))))]);
        var second = new LogisticTrainer(Options);
        second.Train([.. examples.SelectMany(e => Weighed(e, first))]);
        return second;
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
    public IReadOnlyList<ScoredRow> CrossValidate(IReadOnlyList<TrainingExample> examples, uint folds = 3)
    {
        var scored = new List<ScoredRow>();
        for (var fold = 0u; fold < folds; fold++)
        {
            var model = Fit([.. examples.Where(e => FoldOf(e) != fold)]);
            scored.AddRange(examples.Where(e => FoldOf(e) == fold).Select(e => e.Score(model)));
        }

        return scored;

        uint FoldOf(TrainingExample example) => Features.Mix(Features.Hash(example.Row.Group)) % folds;
    }

    /// <summary>Scores the rows of one source with a model that saw nothing of that source.</summary>
    public IReadOnlyList<ScoredRow> LeaveOut(IReadOnlyList<TrainingExample> examples, string source)
    {
        var model = Fit([.. examples.Where(e => e.Row.Source != source)]);
        return [.. examples.Where(e => e.Row.Source == source).Select(e => e.Score(model))];
    }

    /// <summary>The logit from which a text is flagged: the one that cross-validation allows.</summary>
    public double ThresholdOf(IEnumerable<ScoredRow> scored) =>
        ClassificationMetrics.ThresholdAt(FalsePositiveRate, scored.Where(s => IsOrdinary(s.Row)).Select(s => s.Logit));
}

/// <summary>A row with the features of its parts.</summary>
public sealed record TrainingExample(TrainingRow Row, IReadOnlyList<FeatureVector> Parts)
{
    /// <summary>A text is as harmful as the worst of its parts.</summary>
    public ScoredRow Score(LogisticTrainer model) => new(Row, Parts.Max(part => part.Logit(model.Weights, model.Bias)));
}

public sealed record ScoredRow(TrainingRow Row, double Logit);
