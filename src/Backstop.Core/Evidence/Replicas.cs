using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>The evidence of <see cref="ReplicaTest"/> over the counts of a contrast.</summary>
/// <remarks>
/// Gateways choose the less loaded of two replicas, so they share requests evenly only roughly, and a replica that fails fast
/// draws more than its part. An assumed share above the true one would see regressions that are not there, one below it does
/// no harm: so what a replica had is taken to be as large as its counts allow.
/// </remarks>
internal static class Replicas
{
    /// <summary>Parts are rounded up to so many: tables are built for few of them.</summary>
    internal const int Parts = 16;

    private const double StandardErrors = 3;

    /// <summary>What remains of a group's evidence without each replica. Ask only when the whole evidence is there.</summary>
    /// <returns><see cref="ReplicaVerdict.Sick"/> is the replica's number.</returns>
    public static ReplicaVerdict Judge(Look look, EvidenceGroup group)
    {
        var counts = look.Counts(group, stage => stage.Outcomes(group));
        ImmutableArray<int> numbers =
            [.. Enumerable.Range(1, ReplicaTest.Most).Where(r => look.Stages.Any(s => s?.OfReplica(group, r)?.Total(look.Contrast.Tested) > 0))];
        var verdict = ReplicaTest.Judge(
            look.Tables.Joint[(int)group],
            place => look.Tables.Without(group, [.. look.Stages.Select(stage => PartOf(stage, group, numbers[place], look))]),
            counts,
            [.. numbers.Select(r => look.Counts(group, stage => stage.OfReplica(group, r), testedOnly: true))]);
        return verdict with { Sick = verdict.Sick is { } place ? numbers[place] : null };
    }

    private static int PartOf(StageEvidence? stage, EvidenceGroup group, int replica, Look look) => stage is null ? 0 : PartOf(
        stage.OfReplica(group, replica)?.Total(look.Contrast.Tested) ?? 0, stage.Outcomes(group).Total(look.Contrast.Tested));

    /// <summary>At most this part of the tested arm's requests is a replica's, in sixteenths, unless chance was very unkind.</summary>
    internal static int PartOf(long own, long all)
    {
        if (own == 0)
        {
            return 0;
        }

        var part = (double)own / all;
        return Math.Min(Parts - 1, (int)Math.Ceiling(Parts * (part + (StandardErrors * Math.Sqrt(part * (1 - part) / all)))));
    }
}
