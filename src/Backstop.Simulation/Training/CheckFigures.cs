using System.Text.Json.Serialization;
using Backstop.Core.Guards;

namespace Backstop.Simulation.Training;

/// <summary>How well and how fast a check judged a data set. Rates without a case are null.</summary>
/// <param name="Auroc">Chance that a text to catch scores above one to pass.</param>
/// <param name="RecallAtOnePercent">Share caught at the threshold that flags at most 1 % of the texts to pass.</param>
/// <param name="Precision">Share of the flagged that were to be caught, at the check's threshold.</param>
public sealed record CheckFigures(
    int N,
    int Positives,
    double? Auroc,
    [property: JsonPropertyName("recall_at_fpr_0.01")] double? RecallAtOnePercent,
    [property: JsonPropertyName("recall_at_fpr_0.001")] double? RecallAtOnePerMille,
    double? Precision,
    double? Recall,
    double? F1,
    double? FalsePositiveRate,
    [property: JsonPropertyName("p50_us")] double P50,
    [property: JsonPropertyName("p99_us")] double P99)
{
    /// <summary>Found, missed and wrong spans by type; null where the data names no spans.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, SpanFigures>? Spans { get; init; }

    /// <summary>All types the check knows together.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SpanFigures? AllSpans { get; init; }

    internal static CheckFigures Of(
        IReadOnlyList<LabelledText> texts, double[] scores, IReadOnlyList<Finding>[] found, double[] micros)
    {
        var scored = new List<(double Score, bool Positive)>();
        var (caught, wrong) = (0, 0);
        for (var i = 0; i < texts.Count; i++)
        {
            if (texts[i].Positive is { } positive)
            {
                scored.Add((scores[i], positive));
                caught += positive && found[i].Count > 0 ? 1 : 0;
                wrong += !positive && found[i].Count > 0 ? 1 : 0;
            }
        }

        var positives = scored.Count(pair => pair.Positive);
        var rates = new SpanFigures(caught, wrong, positives - caught);
        var spans = texts.Any(text => text.Spans is not null) ? SpanFigures.Count(texts, found) : null;
        Array.Sort(micros);
        return new CheckFigures(
            texts.Count,
            positives,
            Known(ClassificationMetrics.Auroc(scored)),
            Known(ClassificationMetrics.RecallAt(0.01, scored)),
            Known(ClassificationMetrics.RecallAt(0.001, scored)),
            rates.Precision,
            rates.Recall,
            rates.F1,
            scored.Count == positives ? null : Round(wrong / (double)(scored.Count - positives)),
            Quantile(micros, 0.5),
            Quantile(micros, 0.99))
        {
            Spans = spans,
            AllSpans = spans is null ? null : SpanFigures.Sum(spans.Where(pair => SpanFigures.IsKnown(pair.Key)).Select(pair => pair.Value)),
        };
    }

    internal static double Round(double value) => Math.Round(value, 6);

    private static double? Known(double value) => double.IsNaN(value) ? null : Round(value);

    private static double Quantile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : Math.Round(sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))], 1);
}
