namespace Backstop.Core.Evidence;

/// <summary>Finds a rise above the ceiling that began at an unknown time: Shiryaev and Roberts' procedure on a ceiling test.</summary>
/// <remarks>
/// Every epoch starts a new bet beside the old ones: M ← (M + 1)·exp(increments of the epoch), per component. Under the null
/// M minus the number of epochs is a supermartingale, so with an alarm at A the mean time to a false one is at least A epochs
/// and the probability of one within H epochs at most H/A (Shin, Ramdas and Rinaldo, e-detectors). Fewer, wider epochs are a
/// subset of the same bets and so keep the bound counted in the narrow ones.
/// </remarks>
/// <param name="test">The test whose bets it makes.</param>
public sealed class CeilingDetector(CeilingTest test)
{
    // Far beyond every threshold, far below overflow.
    private const double Saturated = 1e280;

    private readonly double[] _bets = new double[test.Components];
    private readonly double[] _logs = new double[test.Components];

    /// <summary>The detector's value in nats; it alarms at log A.</summary>
    public double LogValue
    {
        get
        {
            var weights = test.Increments.Weights;
            var sum = 0.0;
            for (var j = 0; j < weights.Length; j++)
            {
                sum += weights[j] * _bets[j];
            }

            return Math.Log(sum);
        }
    }

    /// <summary>By component: how its bets stand, to go on from later.</summary>
    internal ReadOnlySpan<double> Bets => _bets;

    /// <summary>Goes on from where the bets stood.</summary>
    internal void GoOnFrom(ReadOnlySpan<double> bets) => bets.CopyTo(_bets);

    /// <summary>One whole epoch.</summary>
    public void Add(ReadOnlySpan<long> counts)
    {
        Array.Clear(_logs);
        test.Increments.Add(counts, _logs);
        SpecialFunctions.Exp(_logs);
        for (var j = 0; j < _bets.Length; j++)
        {
            _bets[j] = Math.Min((_bets[j] + 1) * _logs[j], Saturated);
        }
    }
}
