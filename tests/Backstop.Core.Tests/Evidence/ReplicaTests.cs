using Backstop.Core.Evidence;

namespace Backstop.Core.Tests.Evidence;

public class ReplicaTests
{
    private static readonly JointTable Table = WithShare(0.1);
    private static readonly JointTable Without = WithShare(ReplicaTest.ShareWithout(0.1, part: 1.0 / 3));

    [Fact]
    public void What_is_left_out_is_missing_from_the_tested_arm_s_share()
    {
        // Ten of a hundred requests are tested, in equal parts on five replicas: eight of ninety-eight without one of them.
        Assert.Equal(8.0 / 98, ReplicaTest.ShareWithout(0.1, part: 1.0 / 5), 1e-12);
        Assert.Equal(0.1, ReplicaTest.ShareWithout(0.1, part: 0), 1e-12);
    }

    [Fact]
    public void One_bad_replica_of_three_is_named_and_the_release_is_not_blamed()
    {
        var (counts, replicas) = Counts([60, 0, 120, 120], [9, 0, 18, 273], [9, 0, 18, 273]);

        Assert.True(Table.LogE(counts) >= Math.Log(1e4));
        var verdict = ReplicaTest.Judge(Table, _ => Without, counts, replicas);
        Assert.True(verdict.LeastLogE < 0);
        Assert.Equal(0, verdict.Sick);
    }

    [Fact]
    public void A_release_that_is_bad_on_every_replica_is_blamed_and_none_of_them_is_named()
    {
        var (counts, replicas) = Counts([12, 14, 17, 57], [12, 14, 17, 57], [12, 14, 17, 57]);

        var verdict = ReplicaTest.Judge(Table, _ => Without, counts, replicas);
        Assert.True(verdict.LeastLogE >= Math.Log(1e4));
        Assert.Null(verdict.Sick);
    }

    [Fact]
    public void A_single_replica_cannot_be_told_from_its_release()
    {
        var (counts, replicas) = Counts([12, 14, 17, 57]);

        var verdict = ReplicaTest.Judge(Table, _ => Without, counts, replicas);
        Assert.Equal(Table.LogE(counts), verdict.LeastLogE);
        Assert.Null(verdict.Sick);
    }

    private static JointTable WithShare(double share) => new(new TableDesign
    {
        Stages = [new TableStage(share, [[0.032, 0.001, 0.058]])], Margins = [0.002, 0.002, 0.01],
    });

    // Ten times as many good control requests as there are tested ones, with the control's usual failures.
    private static (long[] Counts, long[][] Replicas) Counts(params long[][] tested)
    {
        var control = tested.Sum(t => t.Sum()) * 9;
        long[] all = [control * 32 / 1000, control / 1000, control * 58 / 1000, control * 909 / 1000, 0, 0, 0, 0];
        long[][] replicas = [.. tested.Select(t => (long[])[0, 0, 0, 0, .. t])];
        foreach (var replica in replicas)
        {
            all = [.. all.Zip(replica, (a, b) => a + b)];
        }

        return (all, replicas);
    }
}
