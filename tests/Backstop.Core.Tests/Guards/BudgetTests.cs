using Backstop.Core.Guards;

namespace Backstop.Core.Tests.Guards;

/// <summary>Checks that need no network have limits of time as well, and what they could not look at is never a silent pass.</summary>
public sealed class BudgetTests
{
    private const string Abuse = "You are a worthless idiot and everyone hates you.";

    // Every reading of the clock finds ten milliseconds gone: a check takes ten.
    private static RingContext Slow()
    {
        var readings = 0;
        return RingContext.None with { Clock = () => TimeSpan.FromMilliseconds(10 * readings++) };
    }

    [Theory]
    [InlineData("block", Disposition.Block)]
    [InlineData("fallback", Disposition.Fallback)]
    [InlineData("pass_flagged", Disposition.Allow)]
    [InlineData("degrade:words", Disposition.Allow)]
    public void A_check_whose_turn_comes_after_the_stages_time_has_timed_out(string outcome, Disposition expected)
    {
        var ring = Output($$"""{"use":"secrets"},{"use":"pii"},{"use":"toxicity","on_timeout":"{{outcome}}"},{"use":"pattern","id":"words","mode":"off","with":{"words":["boat"]},"on_timeout":"pass_flagged"}""", budget: 15);
        foreach (var ruling in Both(ring, Abuse))
        {
            Assert.Equal(expected, ruling.Disposition);
            Assert.Contains(ruling.Errors, error => error is { Check: "toxicity", Failure: CheckFailure.Timeout });
            Assert.Equal(expected == Disposition.Allow, ruling.PassedUnchecked);
            Assert.Empty(ruling.Findings);
        }
    }

    [Fact]
    public void Time_enough_changes_nothing()
    {
        foreach (var ruling in Both(Output("""{"use":"secrets"},{"use":"pii"},{"use":"toxicity","timeout_ms":50}""", budget: 60_000), Abuse))
        {
            Assert.Equal((Disposition.Block, "toxicity"), (ruling.Disposition, ruling.DecidedBy));
            Assert.Empty(ruling.Errors);
        }
    }

    [Theory]
    [InlineData("The train leaves at ten.", "block", Disposition.Block, 0)]
    [InlineData("The train leaves at ten.", "pass_flagged", Disposition.Allow, 0)]
    [InlineData(Abuse, "pass_flagged", Disposition.Block, 1)]
    public void A_check_that_took_too_long_has_found_what_it_found_and_passed_nothing(string text, string outcome, Disposition expected, int findings)
    {
        var ruling = Output($$"""{"use":"toxicity","timeout_ms":5,"on_timeout":"{{outcome}}"}""").Open(Slow()).ScreenOutput(ScanUnit.Output(text));
        Assert.Equal((expected, findings), (ruling.Disposition, ruling.Findings.Length));
        Assert.Equal([CheckFailure.Timeout], ruling.Errors.Select(error => error.Failure));
    }

    [Fact]
    public void A_stream_stops_waiting_for_a_check_whose_time_is_over()
    {
        var stream = Output("""{"use":"length","with":{"max_words":100},"timeout_ms":25,"on_timeout":"pass_flagged"}""").Open(Slow()).OpenStream();
        Assert.Equal("", stream.Push("one ", final: false).Released);
        Assert.Equal("", stream.Push("two ", final: false).Released);
        Assert.Equal("one two three ", stream.Push("three ", final: false).Released);
        Assert.True(stream.Push("four", final: true).Ruling!.PassedUnchecked);
    }

    [Fact]
    public void Where_nobody_waits_no_time_counts() => Assert.Empty(
        Output("""{"use":"toxicity","timeout_ms":1}""", budget: 1).Open(RingContext.None).ScreenOutput(ScanUnit.Output("Hello.")).Errors);

    private static IEnumerable<Ruling> Both(Ring ring, string text)
    {
        yield return ring.Open(Slow()).ScreenOutput(ScanUnit.Output(text));
        yield return ring.Open(Slow()).OpenStream().Push(text, final: true).Ruling!;
    }

    private static Ring Output(string checks, int? budget = null) => Ring.Compile(GuardPolicy.Parse(
        $$$$"""{"stages":{"output":{ {{{{(budget is null ? "" : $"\"budget_ms\":{budget},")}}}} "checks":[{{{{checks}}}}] } } }"""));
}
