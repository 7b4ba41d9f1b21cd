using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>A look at counts by bin that are kept by arm and replica: latencies, or scores of one name.</summary>
/// <param name="Whole">Those of an arm in a stage; null for none.</param>
/// <param name="OfReplica">The part of them that came from the replicas of one number, 0 for those of which none is known.</param>
/// <param name="TableOf">By place of the stage, and part of the tested arm's requests that is left out: the table; null where the stage is not judged.</param>
/// <param name="Gather">Adds counts of a stage to the table's cells of an arm.</param>
internal sealed record ReplicaLook<TCounts>(
    Look Look,
    Func<StageEvidence, Arm, TCounts?> Whole,
    Func<StageEvidence, Arm, int, TCounts?> OfReplica,
    Func<int, int, IncrementTable?> TableOf,
    ReplicaLook<TCounts>.Gathering Gather)
    where TCounts : BinCounts, new()
{
    public delegate void Gathering(int stage, TCounts counts, bool isTested, Span<long> cells);

    /// <summary>Everything of an arm. Nearly always a single stage has some of it: then nothing is added up.</summary>
    /// <param name="first">From this stage on.</param>
    public TCounts Sum(Arm arm, int first = 0)
    {
        TCounts? only = null, sum = null;
        foreach (var stage in Look.Stages.AsSpan()[first..])
        {
            if (stage is null || Whole(stage, arm) is not { } some)
            {
                continue;
            }

            if (only is null)
            {
                only = some;
                continue;
            }

            if (sum is null)
            {
                sum = new();
                sum.Add(only);
            }

            sum.Add(some);
        }

        return sum ?? only ?? new();
    }

    /// <summary>The evidence in nats, over the stages that are judged; 0 when none is.</summary>
    /// <param name="leftOut">The number of a replica of the tested arm that is left out; 0 for none.</param>
    public double LogE(int leftOut)
    {
        double[]? logs = null;
        for (var stage = 0; stage < Look.Stages.Length; stage++)
        {
            if (Look.Stages[stage] is not { } found || TableOf(stage, leftOut == 0 ? 0 : PartOf(found, leftOut)) is not { } table)
            {
                continue;
            }

            logs ??= table.LogWeights.ToArray();
            table.Add(Counts(stage, found, leftOut, table.Cells), logs);
        }

        return logs is null ? 0 : SpecialFunctions.LogSumExp(logs);
    }

    /// <summary>What is left of the evidence without any one replica.</summary>
    /// <param name="whole">The evidence with all of them.</param>
    public ReplicaVerdict WithoutEach(double whole)
    {
        int[] numbers =
            [.. Enumerable.Range(1, ReplicaTest.Most).Where(r => Look.Stages.Any(s => s is not null && OfReplica(s, Look.Contrast.Tested, r)?.Total > 0))];
        return numbers.Length < 2 ? new(whole, Sick: null) : ReplicaTest.Least(numbers, LogE);
    }

    private int PartOf(StageEvidence stage, int replica) =>
        Replicas.PartOf(OfReplica(stage, Look.Contrast.Tested, replica)?.Total ?? 0, Whole(stage, Look.Contrast.Tested)?.Total ?? 0);

    private long[] Counts(int stage, StageEvidence found, int leftOut, int cells)
    {
        var counts = new long[cells];
        if (Whole(found, Look.Contrast.Control) is { } ofControl)
        {
            Gather(stage, ofControl, isTested: false, counts.AsSpan(0, cells / 2));
        }

        for (var replica = 0; replica <= ReplicaTest.Most; replica++)
        {
            if ((replica != leftOut || leftOut == 0) && OfReplica(found, Look.Contrast.Tested, replica) is { } some)
            {
                Gather(stage, some, isTested: true, counts.AsSpan(cells / 2));
            }
        }

        return counts;
    }
}
