using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>The evidence of <see cref="OddsRatioTest"/> over the history of a contrast.</summary>
/// <remarks>It walks whole histories. Ask only when the other evidence is there: usually once in the life of a rollout.</remarks>
internal static class Confirmation
{
    private const int Fewest = 20;
    private const int FewestPerArm = 2;

    // By size of the slowdown: the odds ratio of each part of the control's latencies, slowest first, against all that is faster.
    private static readonly double[][] Slowdowns = [.. ((double[])[.15, .3, .6, 1.2, 2.4]).Select(RatiosOf)];

    private delegate void Gather(CountTable counts, int stratum, bool isTested, Span<long> categories);

    /// <summary>The share-free evidence of a group in nats.</summary>
    public static double LogE(Look look, EvidenceGroup group)
    {
        var layout = OutcomeLayout.Of(group);
        var test = new OddsRatioTest(layout.Bad.Length, OddsRatioTest.DefaultRatios);
        foreach (var stage in look.Stages)
        {
            Blocks(
                stage?.History(group),
                CountTable.Strata,
                layout.Categories,
                (counts, stratum, isTested, categories) => layout.Gather(counts.Of(isTested ? look.Contrast.Tested : look.Contrast.Control, stratum), categories),
                (control, tested) => test.Add(control, tested));
        }

        return test.LogE;
    }

    /// <summary>The share-free evidence, in nats, that the tested arm takes longer than the margin allows.</summary>
    public static double LogEOfLatency(Look look)
    {
        var logs = new double[Slowdowns.Length];
        for (var stage = 0; stage < look.Stages.Length; stage++)
        {
            if (look.Tables.LatencyBinsOf(stage) is not { Shift: not null } bins)
            {
                continue;
            }

            Blocks(
                look.Stages[stage]?.LatencyHistory,
                strata: 1,
                LatencyBins.CutQuantiles.Length + 1,
                (counts, stratum, isTested, categories) =>
                    bins.GatherBetweenCuts(counts.Of(isTested ? look.Contrast.Tested : look.Contrast.Control, stratum), isTested, categories),
                (control, tested) =>
                {
                    for (var j = 0; j < logs.Length; j++)
                    {
                        logs[j] += OddsRatioTest.Chain(control, tested, Slowdowns[j]);
                    }
                });
        }

        return SpecialFunctions.LogSumExp(logs) - Math.Log(logs.Length);
    }

    // Blocks end once both arms have a few requests: they are never cut by an outcome.
    private static void Blocks(EpochHistory? history, int strata, int categories, Gather gather, Action<long[], long[]> bet)
    {
        long[][] control = [.. Enumerable.Range(0, strata).Select(_ => new long[categories])];
        long[][] tested = [.. Enumerable.Range(0, strata).Select(_ => new long[categories])];
        foreach (var epoch in history?.Epochs ?? [])
        {
            long n1 = 0, n0 = 0;
            for (var s = 0; s < strata; s++)
            {
                gather(epoch.Counts, s, false, control[s]);
                gather(epoch.Counts, s, true, tested[s]);
                n1 += tested[s].Sum();
                n0 += control[s].Sum();
            }

            if (n1 < FewestPerArm || n0 < FewestPerArm || n1 + n0 < Fewest)
            {
                continue;
            }

            for (var s = 0; s < strata; s++)
            {
                bet(control[s], tested[s]);
                Array.Clear(control[s]);
                Array.Clear(tested[s]);
            }
        }
    }

    // An exponential tilt of the normal score, as the histogram table bets on; each ratio is at least 1.
    private static double[] RatiosOf(double tilt)
    {
        ImmutableArray<double> edges = [1, .. LatencyBins.CutQuantiles, 0];
        var shares = new double[edges.Length - 1];
        var tilted = new double[shares.Length];
        for (var part = 0; part < shares.Length; part++)
        {
            shares[part] = edges[part] - edges[part + 1];
            tilted[part] = shares[part] * Math.Exp(tilt * SpecialFunctions.NormalQuantile((edges[part] + edges[part + 1]) / 2));
        }

        return
        [
            .. Enumerable.Range(0, shares.Length - 1).Select(part =>
                tilted[part] / tilted[(part + 1)..].Sum() / (shares[part] / shares[(part + 1)..].Sum())),
        ];
    }
}
