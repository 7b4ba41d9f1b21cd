using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>The twelve bins in which a stage's latencies are compared: between the quantiles that the control had before it began.</summary>
/// <remarks>Like <see cref="ControlRates"/> they only shape the test; what they are never decides whether it is valid.</remarks>
/// <param name="Edges">Eleven bins of <see cref="LatencyCounts"/>, none below the one before: the highest that belongs to each bin but the last.</param>
/// <param name="Masses">The control's share of each, above 0; they sum to 1.</param>
/// <param name="Units">How many requests they come from.</param>
public sealed record LatencyBins(ImmutableArray<int> Edges, ImmutableArray<double> Masses, long Units)
{
    /// <summary>The control's quantiles at which latencies are cut where they are counted over time, slowest first, and the shares between them.</summary>
    internal static readonly ImmutableArray<double> CutQuantiles = [.95, .8, .5, .2];

    private static readonly ImmutableArray<int> CutEdges = [.. CutQuantiles.Select(q => HistogramTable.EdgeQuantiles.IndexOf(q))];

    /// <summary>By how many bins of <see cref="LatencyCounts"/> the tested arm may take longer; null where latency is not judged.</summary>
    public int? Shift { get; init; }

    /// <summary>The bins at the quantiles of the cuts, and all again moved by what the tested arm may take longer. Empty where latency is not judged.</summary>
    internal ImmutableArray<int> Cuts => Shift is { } shift ? [.. CutEdges.SelectMany(e => (int[])[Edges[e], Edges[e] + shift]).Order()] : [];

    /// <summary>Adds counts between the cuts to those between the quantiles, slowest first.</summary>
    /// <param name="isTested">Whether they are of the arm that may take longer.</param>
    internal void GatherBetweenCuts(ReadOnlySpan<long> counts, bool isTested, Span<long> slowness)
    {
        var (cuts, moved) = (Cuts, isTested ? Shift!.Value : 0);
        for (var i = 0; i < counts.Length; i++)
        {
            // What lies between two cuts is above the lower one and not above the higher.
            var place = 0;
            while (place < CutEdges.Length && (i == 0 || cuts[i - 1] < Edges[CutEdges[place]] + moved))
            {
                place++;
            }

            slowness[place] += counts[i];
        }
    }

    /// <summary>The bins of a history.</summary>
    public static LatencyBins From(LatencyCounts history)
    {
        ImmutableArray<int> edges = [.. HistogramTable.EdgeQuantiles.Select(history.BinAt)];
        Span<long> counts = stackalloc long[edges.Length + 1];
        counts.Clear();
        Gather(edges, history.All, shift: 0, counts);
        var masses = new double[counts.Length];
        for (var bin = 0; bin < masses.Length; bin++)
        {
            masses[bin] = (counts[bin] + 0.5) / (history.Total + (0.5 * masses.Length));
        }

        return new(edges, [.. masses], history.Total);
    }

    /// <summary>Adds latencies to the twelve bins.</summary>
    /// <param name="shift">By how many of their own bins they are taken to be shorter; what never came stays that.</param>
    public void Gather(LatencyCounts latencies, int shift, Span<long> bins) => Gather(Edges, latencies.All, shift, bins);

    private static void Gather(ImmutableArray<int> edges, ReadOnlySpan<long> latencies, int shift, Span<long> bins)
    {
        var to = 0;
        for (var bin = 0; bin < LatencyCounts.Never; bin++)
        {
            while (to < edges.Length && bin - shift > edges[to])
            {
                to++;
            }

            bins[to] += latencies[bin];
        }

        bins[^1] += latencies[LatencyCounts.Never];
    }
}
