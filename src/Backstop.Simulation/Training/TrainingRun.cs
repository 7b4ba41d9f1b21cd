using System.Text.Json.Serialization;
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
        var measured = Pairs(scored.Where(s => recipe.IsMeasured(s.Row)));
        return new TrainingOutcome(
            recipe.Name,
            recipe.Fit(examples).Write(recipe.Name, threshold),
            ClassificationMetrics.Auroc(measured),
            ClassificationMetrics.RecallAt(0.01, measured),
            ClassificationMetrics.RecallAt(0.001, measured),
            [.. recipe.LeftOut.AsParallel().AsOrdered().Select(sources => LeaveOut(recipe, examples, sources))],
            [.. scored.GroupBy(s => (s.Row.Source, s.Row.Positive)).Select(group => new FlaggedShare(
                group.Key.Source, group.Key.Positive, Proportion.Of(group.Count(s => s.Logit >= threshold), group.Count())))]);
    }

    private static LeftOutFigures LeaveOut(TrainingRecipe recipe, IReadOnlyList<TrainingExample> examples, string sources)
    {
        var scored = Pairs(recipe.LeaveOut(examples, sources));
        return new LeftOutFigures(
            sources, scored.Count, scored.Count(s => s.Positive), ClassificationMetrics.Auroc(scored), ClassificationMetrics.RecallAt(0.01, scored));
    }

    private static List<(double Score, bool Positive)> Pairs(IEnumerable<ScoredRow> scored) =>
        [.. scored.Select(s => (s.Logit, s.Row.Positive))];
}

/// <summary>What training gave.</summary>
/// <param name="Files">The files of weights, by name.</param>
/// <param name="Auroc">And the recalls: over the recipe's measured sets, each text scored by a model that saw no text of its group.</param>
/// <param name="LeftOut">On whole sources that the model has not seen.</param>
public sealed record TrainingOutcome(
    string Name,
    IReadOnlyList<(string File, ReadOnlyMemory<byte> Bytes)> Files,
    double Auroc,
    double RecallAtOnePercent,
    double RecallAtOnePerMille,
    IReadOnlyList<LeftOutFigures> LeftOut,
    IReadOnlyList<FlaggedShare> Flagged);

/// <summary>How well a model tells texts of sources apart that it saw nothing of.</summary>
/// <param name="Sources">How the names of the sources begin.</param>
public sealed record LeftOutFigures(
    string Sources,
    int N,
    int Positives,
    double Auroc,
    [property: JsonPropertyName("recall_at_fpr_0.01")] double RecallAtOnePercent);

/// <summary>Share of one source's texts flagged at the classifier's threshold.</summary>
/// <param name="Positive">Whether these are the texts to catch.</param>
public sealed record FlaggedShare(string Source, bool Positive, Proportion Share);
