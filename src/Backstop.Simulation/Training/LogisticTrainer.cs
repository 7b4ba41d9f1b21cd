using Backstop.Core.Guards.Classifiers;

namespace Backstop.Simulation.Training;

/// <param name="Rate">Learning rate of AdaGrad.</param>
/// <param name="Average">Whether the mean of the weights over the later epochs is taken: calmer than where the last row left them (Polyak and Juditsky 1992).</param>
/// <param name="Shrink">L2 penalty for each family: what fits a data set is held down harder than what carries over.</param>
public sealed record TrainingOptions(int Epochs = 8, double Rate = 0.08, double[]? Shrink = null, ulong Seed = 42, bool Average = false)
{
    public double[] Shrink { get; init; } = Shrink ?? [1e-5, 1e-5, 1e-6];

    public TableSizes Sizes { get; init; } = new();
}

/// <summary>Logistic regression by AdaGrad (Duchi, Hazan and Singer 2011). The same rows, options and seed give the same weights.</summary>
public sealed class LogisticTrainer(TrainingOptions options)
{
    private readonly float[][] _weights = Tables(options.Sizes);
    private readonly float[][] _squares = Tables(options.Sizes);
    private readonly float[][] _sums = options.Average ? Tables(options.Sizes) : [];
    private double _biasSquares = 1e-8;
    private double _biasSum;
    private int _remembered;

    private double Bias { get; set; }

    public double Logit(FeatureVector features) => features.Logit(_weights, Bias);

    /// <param name="beside">A model that is trained along, over features of its own: the sum of both logits decides.</param>
    public void Train(IReadOnlyList<TrainingStep> steps, LogisticTrainer? beside = null)
    {
        var order = Enumerable.Range(0, steps.Count).ToArray();
        var random = new System.Random((int)options.Seed);
        for (var epoch = 0; epoch < options.Epochs; epoch++)
        {
            random.Shuffle(order);
            foreach (var index in order)
            {
                var (features, place, positive, weight) = steps[index];
                var logit = Logit(features) + (beside?.Logit(place) ?? 0);
                var gradient = ((1 / (1 + Math.Exp(-logit))) - (positive ? 1 : 0)) * weight;
                Learn(features, gradient);
                beside?.Learn(place, gradient);
            }

            if (options.Average && epoch >= options.Epochs / 2)
            {
                Remember();
                beside?.Remember();
            }
        }

        if (options.Average)
        {
            Average();
            beside?.Average();
        }
    }

    private void Remember()
    {
        _remembered++;
        _biasSum += Bias;
        for (var family = 0; family < _weights.Length; family++)
        {
            var (weights, sums) = (_weights[family], _sums[family]);
            for (var i = 0; i < weights.Length; i++)
            {
                sums[i] += weights[i];
            }
        }
    }

    private void Average()
    {
        Bias = _biasSum / _remembered;
        for (var family = 0; family < _weights.Length; family++)
        {
            var (weights, sums) = (_weights[family], _sums[family]);
            for (var i = 0; i < weights.Length; i++)
            {
                weights[i] = sums[i] / _remembered;
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

    private void Learn(FeatureVector features, double gradient)
    {
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

/// <summary>One thing to learn from.</summary>
/// <param name="Place">What the model that is trained along looks at.</param>
public readonly record struct TrainingStep(FeatureVector Features, FeatureVector Place, bool Positive, double Weight);
