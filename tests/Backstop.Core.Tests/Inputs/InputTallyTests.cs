using Backstop.Core.Inputs;

namespace Backstop.Core.Tests.Inputs;

public sealed class InputTallyTests
{
    [Fact]
    public void A_prompt_that_changes_with_every_user_takes_no_more_space_than_the_bound()
    {
        var tally = new InputTally();
        for (var i = 0; i < 1000; i++)
        {
            tally.Add(new(InputSignal.PromptFingerprint, $"user {i}", 1));
        }

        tally.Add(new(InputSignal.FeatureNulls, "age", 4, 1));
        Assert.Equal(66, tally.Counts.Count);
        Assert.Equal(1000, tally.All(InputSignal.PromptFingerprint).Sum(c => c.N));
        Assert.Equal(936, tally.Of(InputSignal.PromptFingerprint, InputTally.Others).N);
        Assert.Equal(1, tally.Of(InputSignal.FeatureNulls, "age").Hits);
    }

    [Fact]
    public void Mean_and_deviation_are_those_of_the_values()
    {
        var tally = new InputTally();
        foreach (var value in (double[])[2, 4, 4, 4, 5, 5, 7, 9])
        {
            tally.Add(new(InputSignal.FeatureValues, "x", 1, 0, value, value * value));
        }

        Assert.Equal((5, 2), (tally.Of(InputSignal.FeatureValues, "x").Mean, tally.Of(InputSignal.FeatureValues, "x").Deviation));
    }
}
