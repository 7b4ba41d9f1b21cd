using System.Collections.Immutable;
using Backstop.Core.Gates;

namespace Backstop.Core.Tests.Gates;

public sealed class GateDesignTests
{
    // Computed by hand with exact rational arithmetic for good 6 % and bad 21 %.
    [Theory]
    [InlineData(50, 8, 0.0027, 0.75)]
    [InlineData(100, 13, 0.0026, 0.972)]
    [InlineData(200, 21, 0.0047, 0.9999)]
    public void Power_and_false_blocks_are_those_of_the_binomial(int runs, int limit, double falseBlock, double power)
    {
        Assert.Equal(falseBlock, Binomial.Above(runs, limit, 0.06), 4);
        Assert.Equal(power, Binomial.Above(runs, limit, 0.21), power > 0.999 ? 4 : 2);
    }

    // Clopper and Pearson's 95 % two-sided interval for 7 of 50, and the rule of three for none of 100.
    [Fact]
    public void Bounds_are_the_exact_ones()
    {
        var some = Binomial.Bounds(7, 50, 0.975);
        Assert.Equal(0.0582, some.Lower, 4);
        Assert.Equal(0.2674, some.Upper, 4);
        Assert.Equal(1 - Math.Pow(0.05, 0.01), Binomial.Bounds(0, 100, 0.95).Upper, 9);
        Assert.Equal(0, Binomial.Bounds(0, 100, 0.95).Lower);
        Assert.Equal(1, Binomial.Bounds(100, 100, 0.95).Upper);
    }

    [Fact]
    public void A_bound_of_a_rate_holds_as_often_as_it_says()
    {
        for (var rate = 0.02; rate < 1; rate += 0.07)
        {
            var missed = 0.0;
            for (var failures = 0; failures <= 60; failures++)
            {
                var probability = Binomial.Above(60, failures - 1, rate) - Binomial.Above(60, failures, rate);
                missed += Binomial.Bounds(failures, 60, 0.975).Upper < rate ? probability : 0;
            }

            Assert.True(missed <= 0.025 + 1e-9, $"at {rate} the upper bound is too low in {missed:P2} of measurements");
        }
    }

    [Fact]
    public void A_design_meets_both_limits_at_the_worst_rates_the_measurement_allows()
    {
        var chosen = Assert.IsType<GateDesignResult.Chosen>(GateDesign.Choose(new(150, 58, 0), new(150, 8, 0), cases: 40));
        var runs = chosen.SamplesPerCase * 40;
        Assert.InRange(Binomial.Above(runs, chosen.FailIfMoreThan, chosen.GoodFailRate.Upper), 0, 0.001);
        Assert.InRange(Binomial.Above(runs, chosen.FailIfMoreThan, chosen.BadFailRate.Lower), 0.95, 1);
        Assert.True(chosen.BadFailRate.Lower < 58.0 / 150 && chosen.GoodFailRate.Upper > 8.0 / 150);
    }

    [Fact]
    public void No_cheaper_design_would_have_done()
    {
        var chosen = Assert.IsType<GateDesignResult.Chosen>(GateDesign.Choose(new(150, 58, 0), new(150, 8, 0), cases: 10));
        for (var runs = 10; runs < chosen.SamplesPerCase * 10; runs += 10)
        {
            var limit = Enumerable.Range(0, runs).First(k => Binomial.Above(runs, k, chosen.GoodFailRate.Upper) <= 0.001);
            Assert.True(Binomial.Above(runs, limit, chosen.BadFailRate.Lower) < 0.95);
        }
    }

    [Theory]
    [InlineData(9, 8)]
    [InlineData(8, 8)]
    [InlineData(0, 0)]
    [InlineData(3, 30)]
    public void A_release_as_good_as_the_other_cannot_be_told_apart(int badFailures, int goodFailures)
    {
        var none = Assert.IsType<GateDesignResult.CannotTell>(GateDesign.Choose(new(150, badFailures, 0), new(150, goodFailures, 0), cases: 40));
        Assert.Contains("apart", none.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_release_that_does_not_answer_teaches_nothing()
    {
        var silent = new RunCounts(20, 0, 20) { Reasons = ImmutableSortedDictionary<string, int>.Empty.Add("error: connection refused", 20) };
        var none = Assert.IsType<GateDesignResult.CannotTell>(GateDesign.Choose(silent, new(20, 0, 0), cases: 10));
        Assert.Contains("connection refused", none.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_case_that_the_good_release_fails_too_is_left_out()
    {
        ImmutableArray<GateCase> cases = [new("plain", [], null), new("attack", [], null), new("unanswered", [], null)];
        Assert.Equal(["plain"], GateDesign.Telling(cases, [new(3, 0, 1), new(3, 1, 0), new(3, 0, 3)]).Select(c => c.Id));
    }
}
