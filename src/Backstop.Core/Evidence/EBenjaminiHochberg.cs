using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>Chooses which of many e-values to believe so that few of the chosen are false.</summary>
/// <remarks>
/// The k largest are rejected for the largest k with the k-th e-value at least K/(k·alpha); the expected share of false ones
/// is at most alpha under any dependence (Wang and Ramdas, 2022). The e-values must be stopped by a common rule: on running
/// maxima it controls nothing.
/// </remarks>
public static class EBenjaminiHochberg
{
    /// <summary>Indices of the rejected e-values, ascending.</summary>
    public static ImmutableArray<int> Rejected(ReadOnlySpan<double> eValues, double alpha)
    {
        var values = eValues.ToArray();
        var order = Enumerable.Range(0, values.Length).OrderByDescending(i => values[i]).ThenBy(i => i).ToArray();
        for (var k = order.Length; k > 0; k--)
        {
            if (values[order[k - 1]] >= values.Length / (k * alpha))
            {
                return [.. order.Take(k).Order()];
            }
        }

        return [];
    }
}
