using Backstop.Gateway.Requests;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>The time of a request that is over is the next one's, and nothing that was meant for the one before reaches it.</summary>
public sealed class RequestTimesTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _clock = new();
    private readonly RequestTimes _times;

    public RequestTimesTests() => _times = new(_clock);

    [Fact]
    public void What_was_set_for_one_request_does_not_end_the_next()
    {
        var first = _times.Begin(Second, CancellationToken.None);
        first.Within(Second);
        _clock.Advance(Second / 2);
        first.Dispose();
        using var second = _times.Begin(60 * Second, CancellationToken.None);
        var wait = second.Within(10 * Second);

        Assert.Same(first, second);
        _clock.Advance(9 * Second);
        Assert.False(wait.IsCancellationRequested);
        Assert.Equal(9 * Second, second.Elapsed);
        _clock.Advance(2 * Second);
        Assert.True(wait.IsCancellationRequested);
    }

    [Fact]
    public void A_request_that_waits_for_nothing_yet_is_not_ended_by_the_wait_of_the_one_before()
    {
        var first = _times.Begin(60 * Second, CancellationToken.None);
        first.Within(Second);
        first.Dispose();
        using var second = _times.Begin(60 * Second, CancellationToken.None);
        _clock.Advance(5 * Second);

        Assert.False(second.Within(Second).IsCancellationRequested);
    }

    [Fact]
    public void What_was_cut_short_or_lent_or_left_is_nobodys_any_more()
    {
        Action<RequestTime, CancellationTokenSource>[] ends =
        [
            (time, _) => time.Interrupt(),
            (time, _) => time.Lend(),
            (_, caller) => caller.Cancel(),
            (time, _) =>
            {
                time.Within(Second);
                _clock.Advance(2 * Second);
            },
        ];
        foreach (var end in ends)
        {
            using var caller = new CancellationTokenSource();
            var first = _times.Begin(60 * Second, caller.Token);
            end(first, caller);
            first.Dispose();
            using var second = _times.Begin(60 * Second, CancellationToken.None);
            Assert.NotSame(first, second);
            Assert.False(second.Within(Second).IsCancellationRequested);
        }
    }

    [Fact]
    public void Whoever_ends_it_twice_gives_it_to_one_request_alone()
    {
        var first = _times.Begin(Second, CancellationToken.None);
        first.Dispose();
        first.Dispose();

        Assert.NotSame(_times.Begin(Second, CancellationToken.None), _times.Begin(Second, CancellationToken.None));
    }

    [Fact]
    public void The_next_request_leaves_nothing_to_the_garbage_collector()
    {
        const int Requests = 1000;
        var times = new RequestTimes(TimeProvider.System);
        Ask();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Requests; i++)
        {
            Ask();
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Requests); // Less than a byte each.

        void Ask()
        {
            using var time = times.Begin(60 * Second, CancellationToken.None);
            time.Within(10 * Second);
        }
    }
}
