using Backstop.Core.Guards.Classifiers;

namespace Backstop.Simulation.Training;

/// <summary>A row with the features of its parts: sentences first, then neighbouring ones together.</summary>
public sealed record TrainingExample(TrainingRow Row, IReadOnlyList<FeatureVector> Parts, FeatureVector Whole)
{
    /// <summary>How many weights a model of places has.</summary>
    public static TableSizes PlaceSizes { get; } = new(10, 10, 10);

    /// <summary>Of each sentence, without what a model says; empty where places do not matter.</summary>
    public IReadOnlyList<Standing> Standings { get; init; } = [];

    /// <summary>The parts that must be caught, where that is known.</summary>
    public IReadOnlyList<int>? Culprits { get; init; }

    /// <summary>Which sentences each part consists of.</summary>
    public IReadOnlyList<Range> Ranges { get; init; } = [];

    /// <summary>The same without the features of one family.</summary>
    public TrainingExample Without(FeatureFamily family) =>
        this with { Parts = [.. Parts.Select(part => part.Without(family))], Whole = Whole.Without(family) };

    /// <summary>The features of each part's place.</summary>
    /// <param name="requests">The model of requests.</param>
    public IReadOnlyList<FeatureVector> Places(LogisticTrainer requests)
    {
        if (Standings.Count == 0)
        {
            return [.. Parts.Select(_ => FeatureVector.Empty)];
        }

        var standings = Standings.Select((standing, i) => standing with { Asking = standing.Length / (1 + Math.Exp(-requests.Logit(Parts[i]))) }).ToArray();
        var all = Sum(standings);
        return [.. Ranges.Select(range =>
        {
            var (from, count) = range.GetOffsetAndLength(standings.Length);
            var collector = new Collector(PlaceSizes);
            var sink = collector.Open();
            Sum(standings.AsSpan(range)).Describe(all, from == 0, from + count == standings.Length, ref sink);
            return FeatureVector.Of(collector.Take());
        })];
    }

    private static Standing Sum(ReadOnlySpan<Standing> standings)
    {
        var sum = default(Standing);
        foreach (ref readonly var standing in standings)
        {
            sum += standing;
        }

        return sum;
    }
}
