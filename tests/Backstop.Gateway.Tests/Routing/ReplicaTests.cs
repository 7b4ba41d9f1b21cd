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
        var sick = Order(pool, 1)[0];
        Fail(sick, Replica.MostFailures);
        for (var seed = 0; seed < 100; seed++)
        {
            Assert.Same(sick, Order(pool, seed)[^1]);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains(Enumerable.Range(0, 100), seed => Order(pool, seed)[0] == sick);
        sick.Succeeded();
        Fail(sick, Replica.MostFailures - 1);
        Assert.Contains(Enumerable.Range(0, 100), seed => Order(pool, seed)[0] == sick);
    }

    [Fact]
    public void When_all_rest_all_are_asked_and_each_one_once()
    {
        var pool = Pool(4);
        foreach (var replica in Order(pool, 1))
        {
            Fail(replica, Replica.MostFailures);
        }

        var firsts = Enumerable.Range(0, 100).Select(seed => Order(pool, seed)).ToList();
        Assert.All(firsts, order => Assert.Equal(4, order.Distinct().Count()));
        Assert.Equal(4, firsts.Select(order => order[0]).Distinct().Count());
    }

    [Fact]
    public void The_less_loaded_of_two_is_asked_first()
    {
        var pool = Pool(2);
        var busy = Order(pool, 1)[0];
        Assert.True(busy.TryEnter());
        var first = Enumerable.Range(0, 400).Count(seed => Order(pool, seed)[0] == busy);

        // It is chosen only when both draws fall on it: one time in four.
        Assert.InRange(first, 60, 140);
    }

    [Fact]
    public void A_replica_that_fails_far_more_often_than_the_others_rests_although_it_never_fails_in_a_row()
    {
        var pool = Pool(3);
        var (flaky, well, other) = (pool.Replicas[0], pool.Replicas[1], pool.Replicas[2]);
        for (var i = 0; i < 20 && !flaky.IsResting; i++)
        {
            well.Succeeded();
            other.Succeeded();
            flaky.Succeeded();
            flaky.Failed();
        }

        Assert.True(flaky.IsResting);
        Assert.False(well.IsResting || other.IsResting);
    }

    [Fact]
    public void Nobody_stands_out_when_all_replicas_fail_alike()
    {
        var pool = Pool(3);
        for (var i = 0; i < 60; i++)
        {
            foreach (var replica in pool.Replicas)
            {
                replica.Succeeded();
                replica.Failed();
            }
        }

        Assert.DoesNotContain(pool.Replicas, r => r.IsResting);
    }

    [Fact]
    public void A_replica_that_misses_its_health_check_is_asked_last_until_it_answers_once()
    {
        var pool = Pool(2, """, "health": { "path": "/health", "failures": 2 }""");
        var ill = pool.Replicas[0];
        Assert.False(ill.Checked(well: false));
        Assert.False(ill.IsResting);
        Assert.True(ill.Checked(well: false));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.All(Enumerable.Range(0, 50), seed => Assert.Same(ill, Order(pool, seed)[^1]));

        Assert.True(ill.Checked(well: true));
        Assert.False(ill.IsResting);
    }

    [Fact]
    public void Each_replica_gets_its_share_however_many_there_are()
    {
        var pool = Pool(5);
        var random = new Random(7);
        var asked = Enumerable.Range(0, 1000).Select(_ => new Attempts(pool, random).Next()!).CountBy(r => r.Address).ToList();

        Assert.Equal(5, asked.Count);
        Assert.All(asked, a => Assert.InRange(a.Value, 140, 260));
    }

    private static List<Replica> Order(ReleasePool pool, int seed)
    {
        var attempts = new Attempts(pool, new Random(seed));
        var order = new List<Replica>();
        while (attempts.Next() is { } replica)
        {
            order.Add(replica);
        }

        // What was spent is given back: the budget is not what is looked at here.
        for (var i = 0; i < order.Count; i++)
        {
            pool.Budget.Save();
        }

        return order;
    }

    private static void Fail(Replica replica, int times)
    {
        for (var i = 0; i < times; i++)
        {
            replica.Failed();
        }
    }

    private ReleasePool Pool(int replicas, string serving = "")
    {
        var addresses = string.Join(',', Enumerable.Range(1, replicas).Select(i => $"\"http://127.0.0.1:{i}\""));
        var manifest = $$$"""{"serving":{"model":"tiny","replicas":[{{{addresses}}}],"retries":{"most":10,"budget_percent":100}{{{serving}}}}}""";
        return new(((ReleaseResult.Parsed)Release.Parse("v7", manifest)).Release, _time);
    }
}
