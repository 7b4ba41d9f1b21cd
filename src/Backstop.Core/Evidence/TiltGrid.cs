using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>The alternatives a table mixes over: which bad categories rise, and to which of their levels.</summary>
/// <remarks>
/// Every combination of the joint categories, each unchanged with probability <c>spike</c> or at one of its levels, then
/// every solo category rising alone. The prior cost, log(1/weight), is 3.3 nats when one of three joint categories moves
/// and 5.8 when all do; it does not grow with the number of requests.
/// </remarks>
public sealed class TiltGrid
{
    private TiltGrid(ImmutableArray<ImmutableArray<int>> choices, ImmutableArray<int> levels, ImmutableArray<double> weights)
    {
        Choices = choices;
        Levels = levels;
        Weights = weights;
    }

    /// <summary>By component: for each bad category 0 for unchanged, or the number of its level from 1.</summary>
    public ImmutableArray<ImmutableArray<int>> Choices { get; }

    /// <summary>By bad category: how many levels it has.</summary>
    public ImmutableArray<int> Levels { get; }

    /// <summary>By component: its prior weight. They sum to 1.</summary>
    public ImmutableArray<double> Weights { get; }

    /// <summary>The multipliers of a rate: relative rises where there are many events, orders of magnitude where there are few.</summary>
    public static ImmutableArray<double> DefaultLevels(double rate) => rate switch
    {
        >= 0.02 => [1.15, 1.4, 1.8, 2.8],
        >= 0.005 => [1.4, 2.5, 6, 20],
        _ => [4, 20, 100],
    };

    /// <summary>Lays out the grid.</summary>
    /// <param name="levels">By bad category: how many levels; 0 for a category that is carried and never tilted.</param>
    /// <param name="spike">Prior probability that a joint category is unchanged.</param>
    /// <param name="solo">By bad category: whether it only ever rises alone. None when default.</param>
    /// <param name="soloShare">Prior probability that a solo category is the one that rises.</param>
    public static TiltGrid Create(ImmutableArray<int> levels, double spike, ImmutableArray<bool> solo = default, double soloShare = 0.1)
    {
        var choices = ImmutableArray.CreateBuilder<ImmutableArray<int>>();
        var weights = new List<double>();
        var choice = new int[levels.Length];
        var joint = Enumerable.Range(0, levels.Length).Where(y => levels[y] > 0 && (solo.IsDefault || !solo[y])).ToArray();
        while (Next(choice, joint, levels))
        {
            var weight = 1.0;
            foreach (var y in joint)
            {
                weight *= choice[y] == 0 ? spike : (1 - spike) / levels[y];
            }

            if (weight > 0)
            {
                choices.Add([.. choice]);
                weights.Add(weight);
            }
        }

        var jointWeight = weights.Sum();
        var alone = Enumerable.Range(0, levels.Length).Where(y => levels[y] > 0 && !solo.IsDefault && solo[y]).ToArray();
        var jointPart = alone.Length == 0 ? 1 : joint.Length == 0 ? 0 : 1 - soloShare;
        for (var j = 0; j < weights.Count; j++)
        {
            weights[j] *= jointPart / jointWeight;
        }

        foreach (var y in alone)
        {
            for (var level = 1; level <= levels[y]; level++)
            {
                choice[y] = level;
                choices.Add([.. choice]);
                weights.Add((1 - jointPart) / alone.Length / levels[y]);
            }

            choice[y] = 0;
        }

        if (weights.Count == 0)
        {
            throw new ArgumentException("A table needs at least one category with levels.", nameof(levels));
        }

        return new(choices.ToImmutable(), levels, [.. weights]);
    }

    /// <summary>The multiplier of a level for a category whose own list may be longer or shorter than the grid's.</summary>
    internal double Multiplier(int category, int level, ImmutableArray<double> own)
    {
        var last = Levels[category] - 1;
        return last == 0 ? own[^1] : own[(int)Math.Round((level - 1) * (own.Length - 1) / (double)last, MidpointRounding.AwayFromZero)];
    }

    // Counts like an odometer, the last category fastest; false when it is back at all unchanged.
    private static bool Next(int[] choice, int[] joint, ImmutableArray<int> levels)
    {
        for (var k = joint.Length - 1; k >= 0; k--)
        {
            var y = joint[k];
            choice[y] = choice[y] == levels[y] ? 0 : choice[y] + 1;
            if (choice[y] != 0)
            {
                return true;
            }
        }

        return false;
    }
}
