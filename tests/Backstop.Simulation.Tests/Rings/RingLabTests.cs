using Backstop.Core.Guards;
using Backstop.Simulation.Rings;
using Backstop.Simulation.Training;

namespace Backstop.Simulation.Tests.Rings;

public sealed class RingLabTests
{
    [Fact]
    public void Five_checks_that_miss_a_fifth_bring_escapes_below_one_in_a_thousand()
    {
        Assert.Equal(5, EscapeFormula.ChecksNeeded(0.2, 1e-3));
        Assert.Equal(0.00032, EscapeFormula.Independent([0.2, 0.2, 0.2, 0.2, 0.2]), 12);
    }

    [Fact]
    public void Read_as_rates_of_catching_the_printed_formula_asks_for_thirty_one_checks() => Assert.Equal(31, EscapeFormula.ChecksNeeded(0.8, 1e-3));

    [Fact]
    public void Joint_misses_are_counted_and_not_multiplied()
    {
        // What one check finds the other does not, so nothing escapes both; multiplied it would be a quarter.
        var texts = new[]
        {
            new LabelledText("1", "You are a stupid, worthless idiot.", true, null),
            new LabelledText("2", "Write to ada@example.com.", true, null),
            new LabelledText("3", "The train leaves at noon.", false, null),
        };
        var checks = new[] { "toxicity", "pii" }.Select(name => new CheckUse(name, name, null, null, Disposition.Block)).ToList();

        var escapes = RingTrial.Run(checks, new StreamingPolicy(), texts);

        Assert.Equal((2, 1), (escapes.Harmful, escapes.Harmless));
        Assert.Equal(0.25, escapes.Steps[^1].Product, 9);
        Assert.Equal(0, escapes.Steps[^1].Escapes!.Hits);
        Assert.Equal(0, escapes.Steps[^1].FalsePositives!.Hits);
    }

    [Fact]
    public void A_busier_replica_makes_requests_wait_longer_and_more_replicas_shorten_it()
    {
        var (mean, square) = (100e-6, 2e-8);
        Assert.True(RingSizing.WaitP99(2000, mean, square) < RingSizing.WaitP99(8000, mean, square));
        Assert.Equal(15, RingSizing.Replicas(100_000, mean, square, 5e-3));
        Assert.True(RingSizing.Replicas(100_000, mean, square, 0.6e-3) > 15);
    }

    [Fact]
    public void No_number_of_replicas_makes_one_request_faster() => Assert.Null(RingSizing.Replicas(1, 100e-6, 2e-8, 90e-6));

    // The wait of an M/M/1 queue is exponential, so there the bound is exact: P(W > t) = load * exp(-(mu - lambda) t).
    [Theory]
    [InlineData(0.3)]
    [InlineData(0.9)]
    public void The_wait_is_exact_where_service_times_are_exponential(double load)
    {
        var wait = RingSizing.WaitP99(load, 1, 2);
        Assert.Equal(0.01, load * Math.Exp(-(1 - load) * wait), 9);
    }
}
