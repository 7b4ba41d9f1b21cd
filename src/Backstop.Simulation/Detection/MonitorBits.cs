using Backstop.Simulation.Random;

namespace Backstop.Simulation.Detection;

/// <summary>Ten failure bits a request, one for each monitor of an alias.</summary>
/// <remarks>
/// A tenth of the requests is hard and fails three times as often in everything, so the bits are correlated. Failures are
/// rare: the requests between two of a kind are drawn at once, which is the same distribution and ten times faster.
/// </remarks>
public sealed class MonitorBits
{
    /// <summary>Share of the requests that are hard.</summary>
    internal const double HardShare = 0.1;

    private const double Harder = 3;
    private static readonly double[] Usual = [.001, .002, .005, .01, .02, .03, .05, .08, .12, .2];

    private readonly SplitMix64 _random;
    private readonly int[] _untilFailure = new int[2 * Count];

    /// <summary>The bits from the beginning.</summary>
    public MonitorBits(SplitMix64 random)
    {
        _random = random;
        for (var i = 0; i < _untilFailure.Length; i++)
        {
            _untilFailure[i] = Wait(i);
        }
    }

    /// <summary>How many monitors there are.</summary>
    public static int Count => Usual.Length;

    /// <summary>Share of all requests in which a monitor's bit is set.</summary>
    public static double RateOf(int monitor) => Usual[monitor] * (1 + (HardShare * (Harder - 1)));

    /// <summary>Share of the requests of one kind in which a monitor's bit is set.</summary>
    internal static double RateOf(int monitor, bool isHard) => Usual[monitor] * (isHard ? Harder : 1);

    /// <summary>The bits of the next request.</summary>
    public int Next()
    {
        var first = _random.Uniform() < HardShare ? Count : 0;
        var bits = 0;
        for (var monitor = 0; monitor < Count; monitor++)
        {
            if (--_untilFailure[first + monitor] == 0)
            {
                bits |= 1 << monitor;
                _untilFailure[first + monitor] = Wait(first + monitor);
            }
        }

        return bits;
    }

    private int Wait(int place)
    {
        var rate = RateOf(place % Count, isHard: place >= Count);
        return 1 + (int)(Math.Log(1 - _random.Uniform()) / Math.Log(1 - rate));
    }
}
