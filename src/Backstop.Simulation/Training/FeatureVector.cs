using Backstop.Core.Guards.Classifiers;

namespace Backstop.Simulation.Training;

/// <summary>How many weights each family of features has, as powers of two.</summary>
public sealed record TableSizes(int WordBits = 17, int LettersBits = 17, int PatternBits = 17)
{
    public int Bits(int family) => family switch
    {
        0 => WordBits,
        1 => LettersBits,
        _ => PatternBits,
    };
}

/// <summary>The features of one text: for each family the weights it touches.</summary>
public sealed class FeatureVector(int[][] touched)
{
    public int[][] Touched { get; } = touched;

    public static FeatureVector Empty { get; } = new([[], [], []]);

    /// <summary>The features of several texts read as one.</summary>
    public static FeatureVector Of(IReadOnlyCollection<FeatureVector> texts) =>
        new([.. Enumerable.Range(0, LinearModel.Families).Select(family => texts.SelectMany(text => text.Touched[family]).ToArray())]);

    public double Logit(float[][] weights, double bias)
    {
        for (var family = 0; family < Touched.Length; family++)
        {
            double sum = 0;
            foreach (var index in Touched[family])
            {
                sum += weights[family][index];
            }

            bias += sum * LinearModel.Norm(Touched[family].Length);
        }

        return bias;
    }
}

/// <summary>Takes features down instead of adding up their weights.</summary>
public sealed class Collector(TableSizes sizes)
{
    public List<int>[] Touched { get; } = [[], [], []];

    public Sink Open() => new(this, sizes);

    /// <param name="without">A family to leave out.</param>
    public FeatureVector Take(FeatureFamily? without = null) =>
        new([.. Touched.Select((list, family) => family == (int?)without ? [] : list.ToArray())]);

    public readonly struct Sink(Collector collector, TableSizes sizes) : IFeatureSink
    {
        public void Add(FeatureFamily family, uint hash) =>
            collector.Touched[(int)family].Add(Features.PlaceOf(hash, 1 << sizes.Bits((int)family)));
    }
}
