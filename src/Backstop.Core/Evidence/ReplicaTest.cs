using System.Runtime.InteropServices;

namespace Backstop.Core.Evidence;

/// <summary>Decides whether evidence speaks against a release or only against one of the machines that run it.</summary>
/// <remarks>
/// The two-arm evidence is formed again without each replica of the tested arm. The release is to blame when it is without
/// every one of them; the evidence without a replica is valid by itself, so the least of them is. A replica is named when
/// nothing is left without it: the others are then no worse than the control. In between one waits.
/// </remarks>
public static class ReplicaTest
{
    /// <summary>Leaves out each replica in turn.</summary>
    /// <param name="table">The table of the comparison.</param>
    /// <param name="counts">All counts, as the table takes them.</param>
    /// <param name="byReplica">By replica of the tested arm: its part of those counts, in the same cells.</param>
    public static ReplicaVerdict Judge(JointTable table, ReadOnlySpan<long> counts, IReadOnlyList<long[]> byReplica)
    {
        if (byReplica.Count < 2)
        {
            return new(table.LogE(counts), Sick: null);
        }

        var (least, without) = (double.PositiveInfinity, -1);
        Span<long> others = stackalloc long[counts.Length];
        for (var replica = 0; replica < byReplica.Count; replica++)
        {
            counts.CopyTo(others);
            for (var cell = 0; cell < others.Length; cell++)
            {
                others[cell] -= byReplica[replica][cell];
            }

            var log = table.LogE(others);
            (least, without) = log < least ? (log, replica) : (least, without);
        }

        return new(least, least < 0 ? without : null);
    }
}

/// <summary>What is left when any one replica is left out.</summary>
/// <param name="LeastLogE">The least evidence, in nats, that remains; a release is rolled back on this.</param>
/// <param name="Sick">The replica that alone is to blame, or null. It means something only once the whole evidence is large.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ReplicaVerdict(double LeastLogE, int? Sick);
