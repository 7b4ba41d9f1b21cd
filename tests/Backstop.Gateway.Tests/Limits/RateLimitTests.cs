using Backstop.Gateway.Limits;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Gateway.Tests.Limits;

public sealed class RateLimitTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_burst_is_taken_at_once_and_then_the_rate()
    {
        var limit = new RateLimit(_time);
        Assert.Equal(5, Taken(limit, 10, burst: 5, tries: 20));
        _time.Advance(TimeSpan.FromMilliseconds(300));
        Assert.Equal(3, Taken(limit, 10, burst: 5, tries: 20));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, Taken(limit, 10, burst: 5, tries: 20));
    }

    [Fact]
    public void Whoever_waits_as_long_as_was_said_is_taken()
    {
        var limit = new RateLimit(_time);
        Taken(limit, 3, burst: 2, tries: 10);
        for (var i = 0; i < 20; i++)
        {
            var wait = limit.Take(3, 2);
            Assert.NotNull(wait);
            _time.Advance(wait.Value);
            Assert.Null(limit.Take(3, 2));
        }
    }

    [Fact]
    public void A_limit_that_is_tightened_holds_from_the_next_request_on()
    {
        var limit = new RateLimit(_time);
        Assert.Equal(10, Taken(limit, 1000, burst: 10, tries: 10));
        Assert.Equal(0, Taken(limit, 0, burst: 10, tries: 10));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, Taken(limit, 1, burst: 1, tries: 10));
    }

    [Fact]
    public async Task Many_at_once_take_no_more_than_one_after_the_other()
    {
        var limit = new RateLimit(_time);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Taken(limit, 1, burst: 100, tries: 1000))));

        Assert.Equal(100, taken.Sum());
    }

    [Fact]
    public void Invented_callers_share_one_limit_and_memory_stays_bounded()
    {
        var callers = new Callers(_time);
        var busy = Enumerable.Range(0, Callers.Most).Select(i => callers.Of($"caller-{i}")).ToList();
        busy.ForEach(usage => Assert.Null(usage.Begin(new(Concurrent: 1))));

        Assert.Same(callers.Of("invented-1"), callers.Of("invented-2"));
        busy.ForEach(usage => usage.End());
        Assert.NotSame(callers.Of("new-1"), callers.Of("new-2"));
    }

    private static int Taken(RateLimit limit, double perSecond, int burst, int tries) =>
        Enumerable.Range(0, tries).Count(_ => limit.Take(perSecond, burst) is null);
}
