using Backstop.Core.Registry;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Tests.Harness;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Gateway.Tests.Routing;

public sealed class ReplicaTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_replica_rests_after_failures_in_a_row_and_longer_each_time()
    {
        var replica = Nowhere.ReplicaAt(_time);
        Fail(replica, Replica.MostFailures - 1);
        replica.Succeeded();
        Fail(replica, Replica.MostFailures - 1);
        Assert.False(replica.IsResting);

        replica.Failed();
        Assert.True(replica.IsResting);
        Fail(replica, 10); // Requests that were under way tell nothing new.
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(replica.IsResting);

        replica.Failed(); // One more is enough now.
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(replica.IsResting);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(replica.IsResting);

        for (var i = 0; i < 10; i++)
        {
            replica.Failed();
            _time.Advance(Replica.LongestRest);
            Assert.False(replica.IsResting);
        }
    }

    [Fact]
    public void A_replica_at_rest_is_asked_last_and_one_that_recovered_is_asked_again()
    {
        var pool = Pool(3);
        var sick = pool.InOrder(new Random(1)).First();
        Fail(sick, Replica.MostFailures);
        for (var seed = 0; seed < 100; seed++)
        {
            Assert.Same(sick, pool.InOrder(new Random(seed)).Last());
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains(Enumerable.Range(0, 100), seed => pool.InOrder(new Random(seed)).First() == sick);
        sick.Succeeded();
        Fail(sick, Replica.MostFailures - 1);
        Assert.Contains(Enumerable.Range(0, 100), seed => pool.InOrder(new Random(seed)).First() == sick);
    }

    [Fact]
    public void When_all_rest_all_are_asked_and_each_one_once()
    {
        var pool = Pool(4);
        foreach (var replica in pool.InOrder(new Random(1)).ToList())
        {
            Fail(replica, Replica.MostFailures);
        }

        var firsts = Enumerable.Range(0, 100).Select(seed => pool.InOrder(new Random(seed)).ToList()).ToList();
        Assert.All(firsts, order => Assert.Equal(4, order.Distinct().Count()));
        Assert.Equal(4, firsts.Select(order => order[0]).Distinct().Count());
    }

    [Fact]
    public void The_less_loaded_of_two_is_asked_first()
    {
        var pool = Pool(2);
        var busy = pool.InOrder(new Random(1)).First();
        busy.Enter();
        var first = Enumerable.Range(0, 400).Count(seed => pool.InOrder(new Random(seed)).First() == busy);

        // It is chosen only when both draws fall on it: one time in four.
        Assert.InRange(first, 60, 140);
    }

    private static void Fail(Replica replica, int times)
    {
        for (var i = 0; i < times; i++)
        {
            replica.Failed();
        }
    }

    private ReleasePool Pool(int replicas)
    {
        var addresses = string.Join(',', Enumerable.Range(1, replicas).Select(i => $"\"http://127.0.0.1:{i}\""));
        return new(((ReleaseResult.Parsed)Release.Parse("v7", $$$"""{"serving":{"model":"tiny","replicas":[{{{addresses}}}]}}""")).Release, _time);
    }
}
