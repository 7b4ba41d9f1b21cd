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
    /// <summary>The highest number of a replica: counts are kept for so many, however many replicas a release has.</summary>
    public const int Most = 16;

    /// <summary>The number under which a replica is counted: its place in the release's list, from 1, and beyond the last again from 1.</summary>
    /// <remarks>Replicas that share a number are left out together. Every gateway has the same list, so all mean the same by it.</remarks>
    public static int NumberOf(int place) => (place % Most) + 1;

    /// <summary>Leaves out each replica in turn.</summary>
    /// <param name="table">The table of the comparison.</param>
    /// <param name="without">By place in <paramref name="byReplica"/>: the same with the share of <see cref="ShareWithout"/>.</param>
    /// <param name="counts">All counts, as the table takes them.</param>
    /// <param name="byReplica">By replica of the tested arm: its part of those counts, in the same cells.</param>
    public static ReplicaVerdict Judge(JointTable table, Func<int, JointTable> without, ReadOnlySpan<long> counts, IReadOnlyList<long[]> byReplica)
    {
        if (byReplica.Count < 2)
        {
            return new(table.LogE(counts), Sick: null);
        }

        var all = counts.ToArray();
        return Least([.. Enumerable.Range(0, byReplica.Count)], replica =>
        {
            long[] others = [.. all];
            for (var cell = 0; cell < others.Length; cell++)
            {
                others[cell] -= byReplica[replica][cell];
            }

            return without(replica).LogE(others);
        });
    }

    /// <summary>The least of what is left without each replica in turn.</summary>
    /// <param name="without">By replica: the evidence, in nats, of everything else.</param>
    public static ReplicaVerdict Least(IReadOnlyList<int> replicas, Func<int, double> without)
    {
        var (least, suspect) = (double.PositiveInfinity, 0);
        foreach (var replica in replicas)
        {
            var log = without(replica);
            (least, suspect) = log < least ? (log, replica) : (least, suspect);
        }

        return new(least, least < 0 ? suspect : null);
    }

    /// <summary>The tested arm's share of what remains when a part of its requests is left out.</summary>
    /// <param name="share">Its share of all.</param>
    /// <param name="part">The part that is left out, 0 to 1: a third for one of three replicas that share its requests evenly.</param>
    public static double ShareWithout(double share, double part) => share * (1 - part) / (1 - (share * part));
}

/// <summary>What is left when any one replica is left out.</summary>
/// <param name="LeastLogE">The least evidence, in nats, that remains; a release is rolled back on this.</param>
/// <param name="Sick">The replica that alone is to blame, or null. It means something only once the whole evidence is large.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ReplicaVerdict(double LeastLogE, int? Sick);
