using Backstop.Core.Evidence.Scores;
using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Registry;

public sealed class OverlayTests
{
    private const string Judge = """{ "name": "helpful", "worse": "lower", "judge": { "url": "http://judge", "model": "m-1", "question": "q", "percent": 5, "anchors": [ { "answer": "a", "most": 0.1 } ] } }""";

    [Fact]
    public void A_closer_look_judges_every_answer_of_the_small_arms_and_asks_the_judge_what_is_known_after_every_second()
    {
        var policy = TrafficPolicy.Parse($$"""{ "testers_choose": true, "signals": [ {{Judge}}, { "name": "posted", "worse": "higher" } ] }""");
        var closer = Overlay.Over(policy, [new("m1", OverlayKind.Judging, Overlay.Judging(policy)!, "", "", "", default, default)]);

        Assert.Equal(new ScoredShares(0.05, 1, 1), closer.Signals[0].Rule.Scored);
        Assert.Equal((20, 2), (policy.Signals[0].Judge!.AnchorEvery, closer.Signals[0].Judge!.AnchorEvery));
        Assert.Equal(policy.Signals[1], closer.Signals[1]);
        Assert.True(closer.TestersChoose);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "signals": [ { "name": "posted", "worse": "higher" } ] }""")]
    public void Without_a_judge_there_is_nothing_to_look_closer_with(string policy) => Assert.Null(Overlay.Judging(TrafficPolicy.Parse(policy)));
}
