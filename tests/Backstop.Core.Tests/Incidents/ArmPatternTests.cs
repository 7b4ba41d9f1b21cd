using Backstop.Core.Incidents;

namespace Backstop.Core.Tests.Incidents;

public class ArmPatternTests
{
    [Fact]
    public void Two_arms_at_the_baseline_show_nothing()
    {
        var pattern = ArmPattern.Infer(36, 360, 35, 360, baseline: 0.1, wobble: 0.01);
        Assert.True(pattern.None > pattern.Release + pattern.Shared + pattern.Compound);
    }

    [Fact]
    public void A_worse_tested_arm_beside_a_healthy_control_blames_the_release()
    {
        var pattern = ArmPattern.Infer(144, 360, 36, 360, baseline: 0.1, wobble: 0.01);
        Assert.True(pattern.BlamesRelease);
        Assert.True(pattern.Release > pattern.Compound);
        Assert.False(pattern.ForbidsRollback);
    }

    [Fact]
    public void Two_arms_that_are_worse_alike_forbid_the_rollback()
    {
        var pattern = ArmPattern.Infer(1600, 4000, 1590, 4000, baseline: 0.1, wobble: 0.01);
        Assert.True(pattern.ForbidsRollback);
        Assert.False(pattern.BlamesRelease);
    }

    [Fact]
    public void A_hundred_requests_on_the_small_arm_tell_that_a_fault_is_shared()
    {
        var pattern = ArmPattern.Infer(22, 90, 400, 1700, baseline: 0.06, wobble: 0.01);
        Assert.True(pattern.ForbidsRollback);
    }

    [Fact]
    public void Two_arms_that_are_worse_by_different_amounts_are_compound()
    {
        var pattern = ArmPattern.Infer(200, 360, 90, 360, baseline: 0.1, wobble: 0.01);
        Assert.True(pattern.Compound > 0.9);
    }

    [Fact]
    public void Without_data_every_pattern_is_as_probable_as_before()
    {
        var pattern = ArmPattern.Infer(0, 0, 0, 0, baseline: 0.1, wobble: 0.01);
        Assert.Equal(0.25, pattern.None, 1e-9);
        Assert.Equal(0.25, pattern.Compound, 1e-9);
    }

    [Theory]
    [InlineData(1_000, 1_000_000, 1_000, 1_000_000)]
    [InlineData(0, 1_000_000, 0, 1_000_000)]
    public void Huge_healthy_arms_are_still_healthy(long failuresTested, long tested, long failuresControl, long control)
    {
        var pattern = ArmPattern.Infer(failuresTested, tested, failuresControl, control, baseline: 0.1, wobble: 0.01);
        Assert.True(pattern.None > 0.9);
    }
}
