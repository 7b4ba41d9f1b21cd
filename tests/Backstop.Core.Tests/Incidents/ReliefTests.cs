using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Core.Tests.Incidents;

public sealed class ReliefTests
{
    [Theory]
    [InlineData(60, 4, true)]
    [InlineData(60, 22, false)]
    [InlineData(30, 2, null)]
    [InlineData(60, 12, null)]
    public void Failures_that_went_back_helped_and_failures_that_stayed_did_not(int n, int failures, bool? helped) =>
        Assert.Equal(helped, Relief.Judge(new(1000, 60), new(200, 80), new(n, failures)).Helped);

    [Fact]
    public void Where_no_harm_was_seen_it_is_enough_that_none_came() =>
        Assert.True(Relief.Judge(new(1000, 60), new(200, 12), new(400, 22)).Helped);

    [Theory]
    [InlineData(400, 160, 400, 160, true)] // Elsewhere it went on as it was.
    [InlineData(400, 24, 400, 24, true)] // Elsewhere all was well.
    [InlineData(400, 160, 400, 24, false)] // It was over elsewhere too, where nothing was done.
    [InlineData(40, 16, 400, 24, true)] // Too little is known of elsewhere.
    public void What_is_over_everywhere_was_over_by_itself(int during, int failedDuring, int since, int failedSince, bool helped) =>
        Assert.Equal(helped, Relief.Judge(new(1000, 60), new(400, 160), new(400, 24), (new(during, failedDuring), new(since, failedSince))).Helped);

    [Fact]
    public void Where_no_harm_was_seen_nothing_is_compared_with_elsewhere() =>
        Assert.True(Relief.Judge(new(1000, 60), new(200, 12), new(400, 22), (new(400, 160), new(400, 24))).Helped);

    /// <summary>Wald's bound: a rule that does nothing passes for a help at most once in twenty.</summary>
    [Fact]
    public void What_does_nothing_is_rarely_taken_for_help()
    {
        var luck = new Random(1);
        var wrong = 0;
        for (var run = 0; run < 2000; run++)
        {
            var (n, failed) = (0, 0);
            bool? helped = null;
            while (helped is null && n < 5000)
            {
                failed += luck.NextDouble() < 0.3 ? 1 : 0;
                helped = Relief.Judge(new(100_000, 6000), new(100_000, 30_000), new(++n, failed)).Helped;
            }

            wrong += helped == true ? 1 : 0;
        }

        Assert.InRange(wrong, 0, 130); // 100 expected at most; 3 standard deviations more.
    }
}
