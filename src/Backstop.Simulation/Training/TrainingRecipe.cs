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

    /// <summary>Whether a row shows what a request to an assistant is (true) or what is none (false); null where it shows neither.</summary>
    public virtual bool? IsRequest(TrainingRow row) => null;

    /// <summary>Whether a row teaches nothing about letters.</summary>
    public virtual bool IsByWordsAlone(TrainingRow row) => false;

    /// <summary>Whether a row teaches what a whole text looks like.</summary>
    public virtual bool TellsOfWhole(TrainingRow row) => true;

    /// <summary>Trains on examples; those of no weight are for the model of requests alone.</summary>
    /// <remarks>
    /// Where a part stands is told by a model of requests that has seen only the other half of the rows: a model is surer of what it was
    /// trained on than of what it will be shown.
    /// </remarks>
    public TrainedModels Fit(IReadOnlyCollection<TrainingExample> examples)
    {
        var shown = examples.Where(e => e.Row.Weight > 0).Select(e => IsByWordsAlone(e.Row) ? e.Without(FeatureFamily.Letters) : e).ToList();
        if (Background is not { } background)
        {
            return new TrainedModels(FitParts([.. shown.Select(e => new Bag(e.Row, e.Parts, null, null))], Options, null), null, null, null, _ => 0);
        }

        var (ofFirst, ofSecond) = (FitRequests(examples.Where(IsFirstHalf)), FitRequests(examples.Where(e => !IsFirstHalf(e))));
        var place = new LogisticTrainer(Options with { Sizes = TrainingExample.PlaceSizes });
        var part = FitParts([.. shown.Select(e => new Bag(e.Row, e.Parts, e.Places(IsFirstHalf(e) ? ofSecond : ofFirst), e.Culprits))], Options, place);
        var whole = new LogisticTrainer(Options);
        whole.Train([.. shown.Where(e => TellsOfWhole(e.Row)).Select(e => new TrainingStep(e.Whole, FeatureVector.Empty, e.Row.Positive, e.Row.Weight))]);
        return new TrainedModels(part, whole, FitRequests(examples), place, background);
    }

    private static bool IsFirstHalf(TrainingExample example) => (Features.Mix(Features.Hash(example.Row.Group)) & 0x10000) != 0;

    private LogisticTrainer FitRequests(IEnumerable<TrainingExample> examples) => FitParts(
        [.. examples.Where(e => IsRequest(e.Row) is not null).Select(e => new Bag(
            e.Row with { Positive = IsRequest(e.Row)!.Value, Weight = 1 }, [.. e.Parts.Take(Math.Max(1, e.Standings.Count))], null, null))],
        Options with { Epochs = 3 },
        null);

    /// <remarks>
    /// Of a text that must be caught only some part need be harmful, and nobody has marked which; of a harmless one no part
    /// may be flagged. A first round takes all parts; the second gives full weight to the part that the first finds worst
    /// (multiple-instance learning, Andrews et al. 2003).
    /// </remarks>
    private static LogisticTrainer FitParts(IReadOnlyCollection<Bag> bags, TrainingOptions options, LogisticTrainer? place)
    {
        var brief = options with { Epochs = 2 };
        var (first, firstPlace) = (new LogisticTrainer(brief), place is null ? null : new LogisticTrainer(brief with { Sizes = TrainingExample.PlaceSizes }));
        first.Train([.. bags.SelectMany(bag => bag.Steps(bag.Row.Weight / Math.Sqrt(bag.Parts.Count)))], firstPlace);
        var second = new LogisticTrainer(options);
        second.Train([.. bags.SelectMany(bag => Weighed(bag, first, firstPlace))], place);
        return second;
    }

    private static IEnumerable<TrainingStep> Weighed(Bag bag, LogisticTrainer model, LogisticTrainer? place)
    {
        var worst = bag.Steps(bag.Row.Weight).MaxBy(step => model.Logit(step.Features) + (place?.Logit(step.Place) ?? 0));
        yield return worst;
        foreach (var step in bag.Steps(bag.Row.Weight / Math.Sqrt(bag.Parts.Count)).Where(step => !bag.Row.Positive && step.Features != worst.Features))
        {
            yield return step;
        }
    }

    private sealed record Bag(TrainingRow Row, IReadOnlyList<FeatureVector> Parts, IReadOnlyList<FeatureVector>? Places, IReadOnlyList<int>? Culprits)
    {
        public IEnumerable<TrainingStep> Steps(double weight) =>
            (Culprits ?? Enumerable.Range(0, Parts.Count)).Select(i => new TrainingStep(Parts[i], Places?[i] ?? FeatureVector.Empty, Row.Positive, weight));
    }

    /// <summary>Scores every example with a model that saw no row of its group.</summary>
    public IReadOnlyList<ScoredRow> CrossValidate(IReadOnlyList<TrainingExample> examples, uint folds = Folds) =>
    [
        .. Enumerable.Range(0, (int)folds).AsParallel().AsOrdered().SelectMany(fold =>
        {
            var models = Fit([.. examples.Where(e => FoldOf(e, folds) != fold)]);
            return examples.Where(e => FoldOf(e, folds) == fold).Select(models.Score);
        }),
    ];

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
