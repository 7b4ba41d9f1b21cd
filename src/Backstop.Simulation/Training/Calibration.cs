using Backstop.Core.Guards;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Training;

/// <summary>Finds the threshold of a check for one tenant's own texts, from samples that people have reviewed.</summary>
/// <remarks>
/// The threshold lies above the k-th smallest score of the n harmless samples, k = ceil((n + 1)(1 - rate)). If the samples are like the
/// texts to come, a harmless one is then flagged with a probability of at most the rate, however scores are distributed (split conformal
/// prediction, Papadopoulos et al. 2002). Fewer than 1 / rate - 1 harmless samples cannot bear the rate, and none is made up for them.
/// Samples that were reviewed because the check flagged them are not like the texts to come: review some at random.
/// </remarks>
public static class Calibration
{
    /// <summary>The fewest harmless samples that a false-positive rate needs.</summary>
    public static int SamplesNeeded(double rate) => (int)Math.Ceiling((1 / rate) - 1.000000001);

    /// <summary>Scores above this number are flagged; null when there are too few.</summary>
    public static double? ThresholdOf(double rate, IReadOnlyCollection<double> harmless)
    {
        var rank = (int)Math.Ceiling(((harmless.Count + 1) * (1 - rate)) - 1e-9);
        return rank > harmless.Count ? null : Math.BitIncrement(harmless.Order().ElementAt(Math.Max(0, rank - 1)));
    }

    /// <summary>Scores every sample with the check, and says what its present threshold and the new one do on them.</summary>
    /// <param name="use">The check with its settings and its present threshold.</param>
    /// <param name="rate">Share of harmless texts that may be flagged, above 0 and below 1.</param>
    public static CalibrationFigures Run(CheckUse use, StreamingPolicy streaming, IReadOnlyList<LabelledText> samples, double rate, Action<double>? progress = null)
    {
        var scorer = CheckCatalog.Create(use with { Threshold = 0 }, streaming, use.Id);
        var present = CheckCatalog.Create(use, streaming, use.Id);
        var scored = new List<(bool Harmful, double Score, bool Flagged)>();
        foreach (var sample in samples)
        {
            if (sample.Positive is { } harmful)
            {
                var score = CheckTrial.Scan(scorer, sample.Text).Select(finding => finding.Score).DefaultIfEmpty(0).Max();
                scored.Add((harmful, score, CheckTrial.Scan(present, sample.Text).Count > 0));
            }

            progress?.Invoke(scored.Count / (double)samples.Count);
        }

        var threshold = ThresholdOf(rate, [.. scored.Where(s => !s.Harmful).Select(s => s.Score)]);
        return new CalibrationFigures(
            use.Use,
            rate,
            scored.Count(s => !s.Harmful),
            scored.Count(s => s.Harmful),
            threshold,
            new ThresholdFigures(Share(false, s => s.Flagged), Share(true, s => s.Flagged)),
            threshold is { } at ? new ThresholdFigures(Share(false, s => s.Score >= at), Share(true, s => s.Score >= at)) : null);

        Proportion? Share(bool harmful, Func<(bool Harmful, double Score, bool Flagged), bool> counts) =>
            scored.Count(s => s.Harmful == harmful) is > 0 and var count ? Proportion.Of(scored.Count(s => s.Harmful == harmful && counts(s)), count) : null;
    }
}

/// <param name="Threshold">To write into the policy; null when there are too few harmless samples.</param>
/// <param name="Present">What the present threshold does on the samples, and <paramref name="Proposed"/> what the new one does.</param>
public sealed record CalibrationFigures(
    string Check, double Rate, int Harmless, int Harmful, double? Threshold, ThresholdFigures Present, ThresholdFigures? Proposed);

/// <param name="FalsePositiveRate">Share of the harmless samples flagged.</param>
/// <param name="Recall">Share of the harmful ones caught.</param>
public sealed record ThresholdFigures(Proportion? FalsePositiveRate, Proportion? Recall);
