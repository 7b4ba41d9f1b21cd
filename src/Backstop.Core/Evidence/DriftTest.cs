using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>Finds, whenever it began, that some bin of a distribution holds more than its ceiling: Shiryaev and Roberts' procedure, one bet for each bin and size.</summary>
/// <remarks>
/// <para>
/// Null: in every epoch, given the past, the chance of a value to fall into a bin is at most the bin's ceiling. Each bet multiplies by r/u
/// when a value falls into its bin and by (1-r)/(1-u) when not, so its mean on the null is at most 1. Every epoch starts the bets anew
/// beside the old ones: the chance that the mean of all reaches A within H epochs is at most H/A (Shin, Ramdas and Rinaldo, e-detectors).
/// </para>
/// <para>
/// Requests of one minute resemble each other. An epoch of n values counts as <see cref="MostPerEpoch"/> at most, each bet being raised to
/// that part of n: a root of bets is still a fair bet, by Jensen's inequality, and stays one where as many values as that are alike.
/// </para>
/// </remarks>
public sealed class DriftTest
{
    /// <summary>As how many values an epoch counts at most.</summary>
    public const int MostPerEpoch = 50;

    private const double Saturated = 1e280;
    private static readonly ImmutableArray<double> Sizes = [1.3, 2, 4];

    private readonly IncrementTable _table;
    private readonly double[] _bets;

    /// <summary>A test, and refuses to be one if any bet could gain on the null.</summary>
    /// <param name="ceilings">By bin, above 0 and below 1; null for a bin that may hold any share.</param>
    /// <param name="bets">How the bets stood when it was stored; empty at the beginning.</param>
    public DriftTest(ImmutableArray<double?> ceilings, ImmutableArray<double> bets)
    {
        const double most = 0.97;
        (int Bin, double Ceiling, double Rate)[] alternatives =
        [
            .. from bin in Enumerable.Range(0, ceilings.Length)
               where ceilings[bin] is not null
               from size in Sizes
               let ceiling = ceilings[bin]!.Value
               select (bin, ceiling, Math.Max(ceiling, Math.Min(most, ceiling * size))),
        ];
        if (alternatives.Any(a => (a.Ceiling * Gain(a, a.Bin)) + ((1 - a.Ceiling) * Gain(a, -1)) > 1 + 1e-12))
        {
            throw new ArgumentException("A bet of this test could gain on the null: ceilings lie above 0 and below 1.", nameof(ceilings));
        }

        _table = new(Array.ConvertAll(alternatives, _ => 1.0 / alternatives.Length), ceilings.Length, (bin, j) => Math.Log(Gain(alternatives[j], bin)));
        _bets = bets.Length == alternatives.Length ? [.. bets] : new double[alternatives.Length];

        static double Gain((int Bin, double Ceiling, double Rate) bet, int bin) => bin == bet.Bin ? bet.Rate / bet.Ceiling : (1 - bet.Rate) / (1 - bet.Ceiling);
    }

    /// <summary>How the bets stand, to be stored.</summary>
    public ImmutableArray<double> Bets => [.. _bets];

    /// <summary>The evidence in nats, since the best moment for a change.</summary>
    public double LogValue
    {
        get
        {
            var sum = 0.0;
            for (var j = 0; j < _bets.Length; j++)
            {
                sum += _table.Weights[j] * _bets[j];
            }

            return Math.Log(sum);
        }
    }

    /// <summary>One whole epoch: how many values fell into each bin.</summary>
    public void Add(ReadOnlySpan<long> counts)
    {
        var total = 0L;
        foreach (var n in counts)
        {
            total += n;
        }

        var logs = new double[_bets.Length];
        _table.Add(counts, logs);
        var part = Math.Min(1, (double)MostPerEpoch / Math.Max(1, total));
        for (var j = 0; j < logs.Length; j++)
        {
            logs[j] *= part;
        }

        SpecialFunctions.Exp(logs);
        for (var j = 0; j < _bets.Length; j++)
        {
            _bets[j] = Math.Min((_bets[j] + 1) * logs[j], Saturated);
        }
    }
}
