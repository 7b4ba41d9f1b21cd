using Backstop.Core.Guards;
using Backstop.Simulation.Training;

namespace Backstop.Simulation.Tests.Training;

/// <summary>A threshold from reviewed samples holds on the texts to come.</summary>
public sealed class CalibrationTests
{
    [Fact]
    public void Too_few_samples_give_no_threshold()
    {
        Assert.Equal(99, Calibration.SamplesNeeded(0.01));
        Assert.Null(Calibration.ThresholdOf(0.01, Enumerable.Repeat(0.5, 98).ToList()));
        Assert.NotNull(Calibration.ThresholdOf(0.01, Enumerable.Repeat(0.5, 99).ToList()));
    }

    // Whatever the scores' distribution: here a skewed one, four hundred tenants with as few samples as the rate can bear.
    [Fact]
    public void Harmless_texts_to_come_are_flagged_no_more_often_than_allowed()
    {
        var random = new System.Random(3);
        var flagged = 0.0;
        for (var tenant = 0; tenant < 400; tenant++)
        {
            var threshold = Calibration.ThresholdOf(0.05, [.. Enumerable.Range(0, 40).Select(_ => Math.Pow(random.NextDouble(), 5))])!.Value;
            flagged += 1 - Math.Pow(threshold, 0.2);
        }

        Assert.InRange(flagged / 400, 0.03, 0.0501);
    }

    [Fact]
    public void A_tenant_with_rough_but_harmless_texts_gets_a_higher_threshold()
    {
        var samples = Enumerable.Range(0, 120).Select(i => new LabelledText($"{i}", $"Round {i}: kill the beast, smash the ugly troll and take its head!", false, null))
            .Concat(Enumerable.Range(0, 10).Select(i => new LabelledText($"h{i}", $"You are a stupid, worthless idiot, number {i}.", true, null)))
            .ToList();

        var figures = Calibration.Run(new CheckUse("toxicity", "toxicity", null, 0.05, Disposition.Block), new StreamingPolicy(), samples, 0.01);

        Assert.Equal((120, 10), (figures.Harmless, figures.Harmful));
        Assert.True(figures.Threshold > 0.05);
        Assert.True(figures.Proposed!.FalsePositiveRate!.Value <= 0.01);
        Assert.True(figures.Present.FalsePositiveRate!.Value > figures.Proposed.FalsePositiveRate!.Value);
    }
}
