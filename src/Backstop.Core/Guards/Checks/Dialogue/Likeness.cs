using Backstop.Core.Guards.Classifiers;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks.Dialogue;

/// <summary>Tells which of some example sentences a sentence is most like.</summary>
/// <remarks>
/// Sentences are bags of words and of the letter sequences in them, weighted by how few examples have each (tf-idf; Salton and
/// Buckley 1988) and compared by the cosine of their angle. It knows no synonyms: what may be said in other words needs an
/// example in other words. Sequences of letters forgive endings and typing errors.
/// </remarks>
internal sealed class Likeness
{
    private readonly Dictionary<uint, List<(int Example, double Weight)>> _having = [];
    private readonly Dictionary<uint, double> _rarity = [];
    private readonly int _examples;
    private readonly double _unseen;

    public Likeness(IReadOnlyList<string> examples)
    {
        _examples = examples.Count;
        _unseen = RarityOf(0);
        var bags = examples.Select(BagOf).ToList();
        foreach (var group in bags.SelectMany(bag => bag.Keys).GroupBy(feature => feature))
        {
            _rarity[group.Key] = RarityOf(group.Count());
        }

        for (var i = 0; i < bags.Count; i++)
        {
            var length = LengthOf(bags[i]);
            foreach (var (feature, count) in bags[i])
            {
                if (!_having.TryGetValue(feature, out var having))
                {
                    _having[feature] = having = [];
                }

                having.Add((i, Weight(feature, count) / length));
            }
        }
    }

    /// <summary>The cosine with each example, 0 to 1.</summary>
    public double[] Of(ReadOnlySpan<char> sentence)
    {
        var likeness = new double[_examples];
        var bag = BagOf(sentence);
        var length = LengthOf(bag);
        foreach (var (feature, count) in bag)
        {
            foreach (var (example, weight) in _having.GetValueOrDefault(feature, []))
            {
                likeness[example] += weight * Weight(feature, count) / length;
            }
        }

        return likeness;
    }

    private double Weight(uint feature, int count) => (1 + Math.Log(count)) * _rarity.GetValueOrDefault(feature, _unseen);

    private double RarityOf(int having) => Math.Log((1.0 + _examples) / (0.5 + having));

    private double LengthOf(Dictionary<uint, int> bag)
    {
        var sum = 0.0;
        foreach (var (feature, count) in bag)
        {
            sum += Math.Pow(Weight(feature, count), 2);
        }

        return Math.Max(Math.Sqrt(sum), 1e-9);
    }

    private static Dictionary<uint, int> BagOf(string text) => BagOf(text.AsSpan());

    private static Dictionary<uint, int> BagOf(ReadOnlySpan<char> text)
    {
        var folded = new FoldedText();
        folded.Read(text, escaped: false);
        var bag = new Bag();
        for (var i = 0; i < folded.Count; i++)
        {
            bag.Add(FeatureFamily.Word, Features.Hash(folded[i]));
            Features.AddLetters(folded[i], ref bag);
        }

        return bag.Counts;
    }

    private readonly struct Bag() : IFeatureSink
    {
        public Dictionary<uint, int> Counts { get; } = [];

        // A word weighs as much as several of its letter sequences.
        public void Add(FeatureFamily family, uint hash) =>
            Counts[hash] = Counts.GetValueOrDefault(hash) + (family == FeatureFamily.Word ? 4 : 1);
    }
}
