namespace Backstop.Simulation.Training;

/// <summary>How well scores separate two kinds of texts.</summary>
public static class ClassificationMetrics
{
    /// <summary>The chance that a random positive scores above a random negative; ties count half (Mann and Whitney 1947).</summary>
    public static double Auroc(IReadOnlyCollection<(double Score, bool Positive)> scored)
    {
        var sorted = scored.OrderBy(pair => pair.Score).ToList();
        double rankSum = 0;
        for (var i = 0; i < sorted.Count;)
        {
            var end = i;
            while (end < sorted.Count && sorted[end].Score == sorted[i].Score)
            {
                end++;
            }

            var rank = (i + 1 + end) / 2.0;
            rankSum += rank * sorted.Skip(i).Take(end - i).Count(pair => pair.Positive);
            i = end;
        }

        double positives = scored.Count(pair => pair.Positive);
        var negatives = scored.Count - positives;
        return positives == 0 || negatives == 0
            ? double.NaN
            : (rankSum - (positives * (positives + 1) / 2)) / (positives * negatives);
    }

    /// <summary>The lowest threshold at which at most <paramref name="rate"/> of the negatives score at or above it.</summary>
    public static double ThresholdAt(double rate, IEnumerable<double> negatives)
    {
        var sorted = negatives.OrderDescending().ToList();
        var allowed = (int)Math.Floor(rate * sorted.Count);
        return allowed >= sorted.Count ? double.NegativeInfinity : Math.BitIncrement(sorted[allowed]);
    }

    /// <summary>Share of the positives found at the threshold that a false-positive rate allows.</summary>
    public static double RecallAt(double rate, IReadOnlyCollection<(double Score, bool Positive)> scored)
    {
        var threshold = ThresholdAt(rate, scored.Where(pair => !pair.Positive).Select(pair => pair.Score));
        var positives = scored.Where(pair => pair.Positive).ToList();
        return positives.Count == 0 ? double.NaN : positives.Count(pair => pair.Score >= threshold) / (double)positives.Count;
    }
}
