using System.Runtime.InteropServices;

namespace Backstop.Core.Evidence;

/// <summary>The evidence of <see cref="OddsRatioTest"/> over the history of a contrast.</summary>
internal static class Confirmation
{
    private const int Fewest = 20;
    private const int FewestPerArm = 2;

    /// <summary>The share-free evidence in nats, over blocks that end once both arms have a few requests: never cut by an outcome.</summary>
    /// <remarks>It walks whole histories. Ask only when the other evidence is there: usually once in the life of a rollout.</remarks>
    public static double LogE(Look look, EvidenceGroup group)
    {
        var layout = OutcomeLayout.Of(group);
        var test = new OddsRatioTest(layout.Bad.Length, OddsRatioTest.DefaultRatios);
        var control = new long[CountTable.Strata, layout.Categories];
        var tested = new long[CountTable.Strata, layout.Categories];
        foreach (var stage in look.Stages)
        {
            Clear();
            foreach (var epoch in stage?.History(group).Epochs ?? [])
            {
                long n1 = 0, n0 = 0;
                for (var s = 0; s < CountTable.Strata; s++)
                {
                    layout.Gather(epoch.Counts.Of(look.Contrast.Control, s), Row(control, s));
                    layout.Gather(epoch.Counts.Of(look.Contrast.Tested, s), Row(tested, s));
                    n1 += Sum(Row(tested, s));
                    n0 += Sum(Row(control, s));
                }

                if (n1 >= FewestPerArm && n0 >= FewestPerArm && n1 + n0 >= Fewest)
                {
                    for (var s = 0; s < CountTable.Strata; s++)
                    {
                        test.Add(Row(control, s), Row(tested, s));
                    }

                    Clear();
                }
            }
        }

        return test.LogE;

        Span<long> Row(long[,] table, int stratum) => MemoryMarshal.CreateSpan(ref table[stratum, 0], layout.Categories);

        void Clear()
        {
            Array.Clear(control);
            Array.Clear(tested);
        }
    }

    private static long Sum(ReadOnlySpan<long> counts)
    {
        var sum = 0L;
        foreach (var n in counts)
        {
            sum += n;
        }

        return sum;
    }
}
