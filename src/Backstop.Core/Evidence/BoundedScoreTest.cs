using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>Decides, at any time, whether scores between 0 (good) and 1 (bad) are higher in the tested arm.</summary>
/// <remarks>
/// For any constant centre c, Z = (S − c)·(A/x − (1−A)/(1−x)) has mean p1 − p0, given the past. Null: that is at most the
/// margin. A bettor with stake λ multiplies its wealth by 1 + λ(Z − margin); six stakes are averaged. Centring at the
/// historic mean only takes variance away.
/// </remarks>
public sealed class BoundedScoreTest
{
    private static readonly double[] Fractions = [.01, .03, .08, .2, .4, .7];
    private static readonly double[] BoundFractions = [.02, .05, .1, .2, .4, .8];
    private readonly double _testedShare;
    private readonly double _centre;
    private readonly double _margin;
    private readonly double[] _logWealth = new double[Fractions.Length];

    /// <summary>A test that has seen nothing.</summary>
    /// <param name="testedShare">Probability with which a request was drawn for the tested arm.</param>
    /// <param name="centre">The control's historic mean score, 0 to 1.</param>
    /// <param name="margin">How much higher the tested arm's mean may be.</param>
    public BoundedScoreTest(double testedShare, double centre, double margin)
    {
        (_testedShare, _centre, _margin) = (testedShare, centre, margin);

        // The most that Z − margin can fall below zero: no stake may lose more than the whole wealth.
        var bound = Math.Max(centre / testedShare, (1 - centre) / (1 - testedShare)) + margin;
        Stakes = [.. Fractions.Select(f => f / bound)];
    }

    /// <summary>The stakes λ.</summary>
    public ImmutableArray<double> Stakes { get; }

    /// <summary>The logarithm of each stake's wealth.</summary>
    public ReadOnlySpan<double> LogWealth => _logWealth;

    /// <summary>The evidence in nats.</summary>
    public double LogE => SpecialFunctions.LogSumExp(_logWealth) - Math.Log(_logWealth.Length);

    /// <summary>Adds <paramref name="count"/> equal observations.</summary>
    public void Add(bool tested, double score, long count = 1)
    {
        for (var i = 0; i < _logWealth.Length; i++)
        {
            _logWealth[i] += count * Increment(tested, score, i);
        }
    }

    /// <summary>What one observation adds to the logarithm of a stake's wealth.</summary>
    public double Increment(bool tested, double score, int stake) =>
        SpecialFunctions.Log1P(Stakes[stake] * (Difference(tested, score, _testedShare, _centre) - _margin));

    /// <summary>A lower bound of p1 − p0 that holds at all times at once with probability 1 − alpha. For display.</summary>
    /// <remarks>
    /// Wealth falls strictly as the margin rises: the bound is the largest margin that is still refuted. Neither arm's mean need stand still,
    /// and each observation may have been drawn with another share: Z has the mean p1 − p0 whatever they are. Where the difference itself
    /// moves, the bound is one of the largest it has been.
    /// </remarks>
    /// <param name="observations">How often Z was what, and the least it could be. With −Z instead, the bound is one of p0 − p1.</param>
    public static double LowerBound(IReadOnlyList<(double Z, double Least, long Count)> observations, double alpha)
    {
        double refuted = -1, open = 1;
        if (LogWealthAt(refuted) < -Math.Log(alpha))
        {
            return refuted; // A difference of means is never below −1.
        }

        for (var i = 0; i < 60; i++)
        {
            var middle = (refuted + open) / 2;
            (refuted, open) = LogWealthAt(middle) >= -Math.Log(alpha) ? (middle, open) : (refuted, middle);
        }

        return refuted;

        double LogWealthAt(double margin)
        {
            var logs = new double[BoundFractions.Length];
            foreach (var (z, least, count) in observations)
            {
                for (var s = 0; s < logs.Length; s++)
                {
                    // No margin up to 1 can take more than this part of the wealth.
                    logs[s] += count * SpecialFunctions.Log1P(BoundFractions[s] / (1 - least) * (z - margin));
                }
            }

            return SpecialFunctions.LogSumExp(logs) - Math.Log(logs.Length);
        }
    }

    /// <summary>Z of one observation, whose mean is p1 − p0.</summary>
    internal static double Difference(bool tested, double score, double testedShare, double centre) =>
        (score - centre) * (tested ? 1 / testedShare : -1 / (1 - testedShare));
}
