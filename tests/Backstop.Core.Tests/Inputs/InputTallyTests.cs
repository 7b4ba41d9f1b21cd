using Backstop.Core.Inputs;
using CsCheck;

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
        Assert.InRange(tally.Counts.Count, 2, 66);
        Assert.Equal(1000, tally.All(InputSignal.PromptFingerprint).Sum(c => c.N));
        Assert.Equal(1, tally.Of(InputSignal.FeatureNulls, "age").Hits);
    }

    [Fact]
    public void A_prompt_that_is_frequent_has_a_name_whenever_it_comes_and_however_counts_were_merged() =>
        Gen.Select(Gen.Int[0, 400].Array[1, 3000], Gen.Int[0, int.MaxValue], Gen.Int[1, 5]).Sample((drawn, seed, gateways) =>
        {
            // Few names of many come often: squares of even draws are small.
            string[] prompts = [.. drawn.Select(d => $"p{d * d / 400}")];
            var parts = Enumerable.Range(0, gateways).Select(_ => new InputTally()).ToArray();
            var luck = new Random(seed);
            foreach (var prompt in prompts)
            {
                parts[luck.Next(gateways)].Add(new(InputSignal.PromptFingerprint, prompt, 1));
            }

            var merged = new InputTally();
            foreach (var part in parts.OrderBy(_ => luck.Next()))
            {
                merged.AddAll(part);
            }

            Assert.Equal(prompts.Length, merged.All(InputSignal.PromptFingerprint).Sum(c => c.N));
            Assert.InRange(merged.Counts.Count, 1, 65);
            var missing = merged.Of(InputSignal.PromptFingerprint, InputTally.Others).N / 65;
            foreach (var prompt in prompts.GroupBy(p => p, StringComparer.Ordinal))
            {
                Assert.InRange(merged.Of(InputSignal.PromptFingerprint, prompt.Key).N, prompt.Count() - missing, prompt.Count());
            }
        });

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
