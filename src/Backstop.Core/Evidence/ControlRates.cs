using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>How often a trusted release had each outcome, per stratum: what the alternatives are drawn around.</summary>
/// <remarks>
/// The rates only shape the tests' grids. A wrong rate costs delay and never validity, so a prior stands in where there is
/// no history, and nothing is ever estimated from the stage under judgement.
/// </remarks>
/// <param name="Rates">By stratum, then indexed by <see cref="Outcome"/>; each stratum sums to 1.</param>
/// <param name="Units">By stratum: how many requests the rates come from.</param>
public sealed record ControlRates(ImmutableArray<ImmutableArray<double>> Rates, ImmutableArray<long> Units)
{
    /// <summary>How long it took; null when that is not known of enough requests.</summary>
    public LatencyBins? Latency { get; init; }

    /// <summary>By name: how bad its answers were scored on average, 0 to 1; a score that nobody gave before is missing.</summary>
    public ImmutableSortedDictionary<string, double> Scores { get => field ?? ImmutableSortedDictionary<string, double>.Empty; init; }

    /// <summary>By name: how many answers that rests on.</summary>
    public ImmutableSortedDictionary<string, long> ScoreUnits { get => field ?? ImmutableSortedDictionary<string, long>.Empty; init; }

    /// <summary>No rate is taken to be lower: one never seen is not impossible.</summary>
    public const double Floor = 0.001;

    /// <summary>How many requests the prior is worth.</summary>
    public const double PriorWeight = 10;

    // Correct, wrong, unlabelled, toxic, schema, personal data, input, error, late. Attacks are refused and blocked more often.
    private static readonly double[][] Prior =
    [
        [0.905, 0.06, 0.005, 0.005, 0.01, 0.001, 0.004, 0.005, 0.005],
        [0.504, 0.06, 0.005, 0.20, 0.01, 0.011, 0.20, 0.005, 0.005],
    ];

    /// <summary>The rates to start with when nothing was ever seen.</summary>
    public static ControlRates Unknown { get; } = From(CountTable.OfOutcomes(), Routing.Arm.Baseline);

    /// <summary>The rates of one arm: (count + prior) / (total + prior weight), as Krichevsky and Trofimov smooth a bit.</summary>
    public static ControlRates From(CountTable counts, Routing.Arm arm)
    {
        var rates = ImmutableArray.CreateBuilder<ImmutableArray<double>>(CountTable.Strata);
        var units = ImmutableArray.CreateBuilder<long>(CountTable.Strata);
        for (var stratum = 0; stratum < CountTable.Strata; stratum++)
        {
            var row = counts.Of(arm, stratum);
            var total = 0L;
            foreach (var n in row)
            {
                total += n;
            }

            rates.Add(Smooth(row, total, Prior[stratum]));
            units.Add(total);
        }

        return new(rates.MoveToImmutable(), units.MoveToImmutable());
    }

    private static ImmutableArray<double> Smooth(ReadOnlySpan<long> counts, long total, double[] prior)
    {
        var rates = new double[counts.Length];
        var bad = 0.0;
        for (var y = 1; y < rates.Length; y++)
        {
            rates[y] = Math.Max((counts[y] + (PriorWeight * prior[y])) / (total + PriorWeight), Floor);
            bad += rates[y];
        }

        // Something must be left for the good answers, else no alternative can be worse.
        const double mostBad = 0.9;
        var scale = bad > mostBad ? mostBad / bad : 1;
        for (var y = 1; y < rates.Length; y++)
        {
            rates[y] *= scale;
        }

        rates[0] = 1 - (bad * scale);
        return [.. rates];
    }
}
