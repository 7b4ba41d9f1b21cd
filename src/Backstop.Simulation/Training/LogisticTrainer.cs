using Backstop.Core.Guards.Classifiers;

namespace Backstop.Simulation.Training;

/// <param name="Rate">Learning rate of AdaGrad.</param>
/// <param name="Shrink">L2 penalty for each family: what fits a data set is held down harder than what carries over.</param>
public sealed record TrainingOptions(int Epochs = 8, double Rate = 0.08, double[]? Shrink = null, ulong Seed = 42)
{
    public double[] Shrink { get; init; } = Shrink ?? [1e-5, 1e-5, 1e-6];

    public TableSizes Sizes { get; init; } = new();
}

/// <summary>Logistic regression by AdaGrad (Duchi, Hazan and Singer 2011). The same rows, options and seed give the same weights.</summary>
public sealed class LogisticTrainer(TrainingOptions options)
{
    private readonly float[][] _weights = Tables(options.Sizes);
    private readonly float[][] _squares = Tables(options.Sizes);
    private double _biasSquares = 1e-8;

    public float[][] Weights => _weights;

    public double Bias { get; private set; }

    public void Train(IReadOnlyList<(FeatureVector Features, bool Positive, double Weight)> examples)
    {
        var order = Enumerable.Range(0, examples.Count).ToArray();
        var random = new System.Random((int)options.Seed);
        for (var epoch = 0; epoch < options.Epochs; epoch++)
        {
            random.Shuffle(order);
            foreach (var index in order)
            {
                var (features, positive, weight) = examples[index];
                Learn(features, positive, weight);
            }
        }
    }

    /// <summary>Rounds the weights to bytes: a 127th of the largest is one unit. Rare giants are cut off at four deviations.</summary>
    /// <param name="threshold">The logit from which a text is flagged; the model is shifted so that it scores one half.</param>
    public LinearModel Quantise(double threshold)
    {
        var (tables, scales) = (new sbyte[_weights.Length][], new float[_weights.Length]);
        for (var family = 0; family < _weights.Length; family++)
        {
            var used = _weights[family].Where(weight => weight != 0).ToList();
            var deviation = used.Count == 0 ? 1 : Math.Sqrt(used.Average(weight => (double)weight * weight));
            var largest = used.Count == 0 ? 1 : Math.Min(used.Max(Math.Abs), 8 * deviation);
            var unit = largest / 127;
            scales[family] = (float)unit;
            tables[family] = [.. _weights[family].Select(weight => (sbyte)Math.Clamp(Math.Round(weight / unit), -127, 127))];
        }

        return new LinearModel(tables, scales, (float)(Bias - threshold), 0.5f);
    }

    private void Learn(FeatureVector features, bool positive, double weight)
    {
        var error = (1 / (1 + Math.Exp(-features.Logit(_weights, Bias)))) - (positive ? 1 : 0);
        var gradient = error * weight;
        _biasSquares += gradient * gradient;
        Bias -= options.Rate * gradient / Math.Sqrt(_biasSquares);
        for (var family = 0; family < features.Touched.Length; family++)
        {
            var touched = features.Touched[family];
            var step = gradient * LinearModel.Norm(touched.Length);
            var (weights, squares, shrink) = (_weights[family], _squares[family], options.Shrink[family]);
            foreach (var index in touched)
            {
                var slope = step + (shrink * weights[index]);
                squares[index] += (float)(slope * slope);
                weights[index] -= (float)(options.Rate * slope / (Math.Sqrt(squares[index]) + 1e-6));
            }
        }
    }

    private static float[][] Tables(TableSizes sizes) =>
        [.. Enumerable.Range(0, LinearModel.Families).Select(family => new float[1 << sizes.Bits(family)])];
}
