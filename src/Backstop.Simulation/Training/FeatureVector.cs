using Backstop.Core.Guards.Classifiers;
using Backstop.Core.Guards.Text;

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

    public FeatureVector Without(FeatureFamily family) =>
        new([.. Touched.Select((touched, i) => i == (int)family ? [] : touched)]);

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

/// <summary>Takes features down instead of adding up their weights, piece by piece.</summary>
public sealed class Collector(TableSizes sizes)
{
    private readonly List<int>[] _touched = [[], [], []];
    private readonly List<FeatureVector> _pieces = [];

    public Sink Open() => new(this, sizes);

    /// <summary>The features of each piece, in the order of the text.</summary>
    public IReadOnlyList<FeatureVector> Take()
    {
        NextPiece();
        return _pieces;
    }

    private void NextPiece()
    {
        _pieces.Add(new FeatureVector([.. _touched.Select(list => list.ToArray())]));
        Array.ForEach(_touched, list => list.Clear());
    }

    public readonly struct Sink(Collector collector, TableSizes sizes) : ITextSink
    {
        public void Add(FeatureFamily family, uint hash) =>
            collector._touched[(int)family].Add(Features.PlaceOf(hash, 1 << sizes.Bits((int)family)));

        public WordSense AddWord(ConstructionFeatures features, FoldedText text, int word)
        {
            var sink = this;
            return features.Look(text, word, ref sink);
        }

        public void NextPiece() => collector.NextPiece();
    }
}
