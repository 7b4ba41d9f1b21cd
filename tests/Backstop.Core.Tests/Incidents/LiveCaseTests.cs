using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Core.Tests.Incidents;

/// <summary>What a control plane knows by itself, as a case.</summary>
public sealed class LiveCaseTests
{
    private static readonly ControlRates Usual = ControlRates.Unknown with
    {
        Scores = ImmutableSortedDictionary<string, double>.Empty.Add("helpful", 0.1).Add("output_tokens", 0.2),
        ScoreUnits = ImmutableSortedDictionary<string, long>.Empty.Add("helpful", 500).Add("output_tokens", 500),
    };

    [Fact]
    public void What_a_judge_says_of_both_arms_is_a_contrast_and_what_only_describes_answers_is_none()
    {
        var known = LiveCase.Of("INC-1", Judged(correct: 0, wrong: 0, Score("helpful"), Score("output_tokens"), Score("rated") with { IsUneven = true }), Usual, [], severe: false);

        var contrast = Assert.Single(known.Contrasts, c => c.Name is not ("schema_failures" or "blocks" or "input_blocks" or "errors"));
        Assert.Equal(new ArmCounts("quality", new(200, 80), new(50, 5), new(500, 50)), contrast);
    }

    [Fact]
    public void Where_labels_and_a_judge_tell_of_the_same_the_one_who_knows_more_of_the_smaller_arm_is_heard()
    {
        double LeastJudged(int labelled) => Assert.Single(
            LiveCase.Of("INC-1", Judged(correct: labelled, wrong: 10, Score("judged")), Usual, [], severe: false).Contrasts, c => c.Name == "judged").Holdback.N;

        Assert.Equal(50, LeastJudged(labelled: 20));
        Assert.Equal(110, LeastJudged(labelled: 100));
    }

    private static ScoreEvidence Score(string name) => new(name, 0, null, IsUneven: false, null, new(200, 0), new(50, 0))
    {
        Lately = new(new(200, 0) { Badness = 0.4 }, new(50, 0) { Badness = 0.1 }),
    };

    private static Judgement Judged(int correct, int wrong, params ImmutableArray<ScoreEvidence> scores)
    {
        var units = Math.Max(1, correct + wrong);
        var arm = new ArmEvidence(units, [(double)correct / units, (double)wrong / units, 0, 0, 0, 0, 0, 0, 0], CeilingEvidence.None);
        return new()
        {
            Verdict = Verdict.Inconclusive, Reason = "", Groups = [], Units = 2 * units, Tested = arm, Control = arm, AssignmentLogE = 0, ConfirmationLogE = 0,
            Digest = "", Scores = scores,
        };
    }
}
