using Backstop.Core.Guards.Classifiers;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Training;

/// <summary>Trains one classifier: cross-validation for figures and threshold, then once more on everything.</summary>
public static class TrainingRun
{
    public static TrainingRecipe[] Recipes => [new ToxicityRecipe(), new InjectionRecipe()];

    /// <summary>Trains. The same data gives the same weights.</summary>
    public static TrainingOutcome Run(TrainingRecipe recipe, TrainingData data)
    {
        var examples = recipe.Rows(data).Select(recipe.Read).ToList();
        var scored = recipe.CrossValidate(examples);
        var threshold = recipe.ThresholdOf(scored);
        var leftOut = recipe.LeftOut is { } source ? ClassificationMetrics.Auroc(Pairs(recipe.LeaveOut(examples, source))) : (double?)null;
        var measured = Pairs(scored.Where(s => recipe.IsMeasured(s.Row)));
        return new TrainingOutcome(
            recipe.Name,
            recipe.Fit(examples).Quantise(threshold).Write(),
            ClassificationMetrics.Auroc(measured),
            ClassificationMetrics.RecallAt(0.01, measured),
            ClassificationMetrics.RecallAt(0.001, measured),
            recipe.LeftOut,
            leftOut,
            [.. scored.GroupBy(s => (s.Row.Source, s.Row.Positive)).Select(group => new FlaggedShare(
                group.Key.Source, group.Key.Positive, Proportion.Of(group.Count(s => s.Logit >= threshold), group.Count())))]);
    }

    /// <summary>The weights that are compiled into the assembly.</summary>
    public static ReadOnlyMemory<byte> Embedded(string name) => LinearModel.Embedded(name + ".weights");

    private static List<(double Score, bool Positive)> Pairs(IEnumerable<ScoredRow> scored) =>
        [.. scored.Select(s => (s.Logit, s.Row.Positive))];
}

/// <summary>What training gave.</summary>
/// <param name="Weights">The file of weights.</param>
/// <param name="Auroc">And the recalls: over the recipe's measured sets, each text scored by a model that saw no text of its group.</param>
/// <param name="LeftOutAuroc">On a whole source that the model has not seen.</param>
public sealed record TrainingOutcome(
    string Name,
    ReadOnlyMemory<byte> Weights,
    double Auroc,
    double RecallAtOnePercent,
    double RecallAtOnePerMille,
    string? LeftOut,
    double? LeftOutAuroc,
    IReadOnlyList<FlaggedShare> Flagged);

/// <summary>Share of one source's texts flagged at the classifier's threshold.</summary>
/// <param name="Positive">Whether these are the texts to catch.</param>
public sealed record FlaggedShare(string Source, bool Positive, Proportion Share);
