using System.Runtime.InteropServices;

namespace Backstop.Core.Evidence;

/// <summary>Decides whether evidence speaks against a release or only against one of the machines that run it.</summary>
/// <remarks>
/// The two-arm evidence is formed again without each replica of the tested arm. The release is to blame when it is without
/// every one of them; the evidence without a replica is valid by itself, so the least of them is. A replica is named when
/// nothing is left without it: the others are then no worse than the control. In between one waits. With a replica left out
/// fewer of the requests that remain are the tested arm's, so that evidence needs a table of its own, with that share.
/// </remarks>
public static class ReplicaTest
{
    /// <summary>Leaves out each replica in turn.</summary>
    /// <param name="table">The table of the comparison.</param>
    /// <param name="without">The same with the share of <see cref="ShareWithout"/>; null when there is a single replica.</param>
    /// <param name="counts">All counts, as the table takes them.</param>
    /// <param name="byReplica">By replica of the tested arm: its part of those counts, in the same cells.</param>
    public static ReplicaVerdict Judge(JointTable table, JointTable? without, ReadOnlySpan<long> counts, IReadOnlyList<long[]> byReplica)
    {
        if (without is null || byReplica.Count < 2)
        {
            return new(table.LogE(counts), Sick: null);
        }

        var (least, suspect) = (double.PositiveInfinity, -1);
        Span<long> others = stackalloc long[counts.Length];
        for (var replica = 0; replica < byReplica.Count; replica++)
        {
            counts.CopyTo(others);
            for (var cell = 0; cell < others.Length; cell++)
            {
                others[cell] -= byReplica[replica][cell];
            }

            var log = without.LogE(others);
            (least, suspect) = log < least ? (log, replica) : (least, suspect);
        }

        return new(least, least < 0 ? suspect : null);
    }

    /// <summary>The tested arm's share of what remains when some of its replicas, which share its requests evenly, are left out.</summary>
    public static double ShareWithout(double share, int leftOut, int replicas) =>
        share * (replicas - leftOut) / (replicas - (share * leftOut));
}

/// <summary>What is left when any one replica is left out.</summary>
/// <param name="LeastLogE">The least evidence, in nats, that remains; a release is rolled back on this.</param>
/// <param name="Sick">The replica that alone is to blame, or null. It means something only once the whole evidence is large.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ReplicaVerdict(double LeastLogE, int? Sick);
