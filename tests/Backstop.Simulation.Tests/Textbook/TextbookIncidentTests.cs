using Backstop.Simulation.Textbook;

namespace Backstop.Simulation.Tests.Textbook;

// Expected values other than the printed ones come from running the published Python with the same parameters.
public class TextbookIncidentTests
{
    [Fact]
    public void The_defaults_give_what_the_textbook_printed()
    {
        Assert.Equal(new TextbookOutcome(158, 135.0, 8.0, 8.0, 0.925, "v7"), TextbookIncident.Run(new TextbookSettings()));
    }

    [Theory]
    [InlineData(11, 45.0, 106, 90.0, 0.935)]
    [InlineData(1, 5.0, 88, 50.0, 0.95)]
    public void Another_seed_and_cadence_give_what_the_python_gives(
        long seed, double cadence, int blocks, double detectedAt, double accuracy)
    {
        var outcome = TextbookIncident.Run(new TextbookSettings { Seed = seed, Cadence = cadence });

        Assert.Equal(new TextbookOutcome(blocks, detectedAt, 8.0, 8.0, accuracy, "v7"), outcome);
    }

    [Fact]
    public void Another_window_and_threshold_give_what_the_python_gives()
    {
        var outcome = TextbookIncident.Run(new TextbookSettings { Window = 100, Cadence = 10, Threshold = 0.85 });

        Assert.Equal(new TextbookOutcome(73, 30.0, 8.0, 8.0, 0.91, "v7"), outcome);
    }

    [Fact]
    public void Another_step_length_gives_what_the_python_gives_rounding_of_the_clock_included()
    {
        var outcome = TextbookIncident.Run(new TextbookSettings { StepLength = 0.1, Steps = 3000 });

        Assert.Equal(199, outcome.GuardrailBlocks);
        Assert.Equal(45.00000000000037, outcome.DetectedAt);
        Assert.Equal(0.95, outcome.PostRollbackAccuracy);
    }

    [Fact]
    public void A_cold_previous_makes_recovery_take_as_long_as_its_load_and_changes_nothing_else()
    {
        var warm = TextbookIncident.Run(new TextbookSettings());
        var cold = TextbookIncident.Run(new TextbookSettings { PreviousIsCold = true, ColdLoad = 90 });

        Assert.Equal(warm with { Rollback = 90, TimeToRecovery = 90 }, cold);
    }

    [Fact]
    public void A_good_release_is_never_rolled_back_and_has_no_times()
    {
        var outcome = TextbookIncident.Run(new TextbookSettings { Bad = TextbookRelease.V7 with { Name = "v8" } });

        Assert.Equal(new TextbookOutcome(43, null, null, null, 0.925, "v8"), outcome);
    }

    [Fact]
    public void A_run_that_ends_at_the_rollback_has_no_accuracy_after_it()
    {
        var outcome = TextbookIncident.Run(new TextbookSettings { Steps = 540 });

        Assert.Equal(new TextbookOutcome(140, 135.0, 8.0, 8.0, null, "v7"), outcome);
    }
}
