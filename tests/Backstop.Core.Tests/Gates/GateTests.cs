using System.Collections.Immutable;
using Backstop.Core.Gates;

namespace Backstop.Core.Tests.Gates;

public sealed class GateTests
{
    private static readonly Gate Gate = new()
    {
        Id = "gate-INC-2026-001",
        Alias = "assistant:prod",
        Cases = [.. Enumerable.Range(0, 20).Select(i => new GateCase($"case-{i}", [new("user", $"Question {i}?")], "yes"))],
        SamplesPerCase = 5,
        FailIfMoreThan = 13,
        BadFailRate = new(0.16, 0.21, 0.27),
        GoodFailRate = new(0.03, 0.06, 0.08),
        Power = 0.97,
        FalseBlock = 0.001,
        Owner = "team",
        CreatedAt = DateTimeOffset.UnixEpoch,
        ReviewBy = DateTimeOffset.UnixEpoch.AddDays(180),
    };

    [Fact]
    public void Two_releases_that_it_should_not_have_stopped_put_a_gate_out_of_force()
    {
        var gate = Gate with { State = GateState.Enforcing };
        var once = gate.Dispute(new(DateTimeOffset.UnixEpoch, "r1", "ann", "it was fine"));
        Assert.Equal(GateState.Enforcing, once.Dispute(new(DateTimeOffset.UnixEpoch, "r1", "bob", "it was fine")).State); // The same one is the same one.
        var twice = once.Dispute(new(DateTimeOffset.UnixEpoch, "r2", "bob", "and this"));
        Assert.Equal((GateState.Quarantined, 2), (twice.State, twice.FalseBlocks.Length));
        Assert.Empty(twice.Set(GateState.Enforcing).FalseBlocks);
        Assert.Equal(GateState.Shadow, (Gate with { State = GateState.Shadow }).Dispute(new(DateTimeOffset.UnixEpoch, "r1", "ann", "")).Dispute(new(DateTimeOffset.UnixEpoch, "r2", "ann", "")).State);
    }

    [Theory]
    [InlineData(13, 0, GateVerdict.Passed)]
    [InlineData(14, 0, GateVerdict.Failed)]
    [InlineData(14, 86, GateVerdict.Failed)]
    [InlineData(0, 100, GateVerdict.Inconclusive)]
    [InlineData(10, 4, GateVerdict.Inconclusive)]
    [InlineData(10, 3, GateVerdict.Passed)]
    public void An_error_is_neither_a_pass_nor_a_failure_and_lets_no_release_through(int failures, int errors, GateVerdict verdict) =>
        Assert.Equal(verdict, Gate.Judge(new(100, failures, errors)));

    [Fact]
    public void A_gate_that_was_not_run_to_its_end_lets_no_release_through() =>
        Assert.Equal(GateVerdict.Inconclusive, Gate.Judge(new(99, 0, 0)));

    [Fact]
    public void An_inconclusive_result_names_what_is_to_be_repaired()
    {
        var counts = RunCounts.Of([.. Enumerable.Repeat<RunOutcome>(new RunOutcome.Unknown("connection refused"), 100)]);
        var result = new GateResult(Gate.Id, "sha256:x", Gate.Judge(counts), counts, Gate.FailIfMoreThan);
        Assert.False(result.Passed);
        Assert.Contains("connection refused", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_add_up_with_their_reasons()
    {
        var sum = RunCounts.Of([new RunOutcome.Failed("toxicity"), RunOutcome.Passed.Instance])
            + RunCounts.Of([new RunOutcome.Failed("toxicity"), new RunOutcome.Unknown("timeout")]);
        Assert.Equal((4, 2, 1, 3), (sum.Runs, sum.Failures, sum.Errors, sum.Known));
        Assert.Equal(ImmutableSortedDictionary<string, int>.Empty.Add("error: timeout", 1).Add("toxicity", 2), sum.Reasons);
    }

    [Theory]
    [InlineData("""{"answer": "42", "explanation": "so"}""", "42", true)]
    [InlineData("""{"answer": " 42.0 ", "explanation": "so"}""", "42", true)]
    [InlineData("""{"answer": 42}""", "42", true)]
    [InlineData("""{"answer": "43", "explanation": "not 42"}""", "42", false)]
    [InlineData("""{"answer": "It is 42"}""", "42", false)]
    [InlineData("It is 42.", "42", true)]
    [InlineData("It is 1,042!", "1042", true)]
    [InlineData("It is 420.", "42", false)]
    [InlineData("It is -42.", "42", false)]
    [InlineData("So:  **Tuesday**, of course", "tuesday", true)]
    [InlineData("The LAST   harbour", "last harbour", true)]
    [InlineData("""{"answer": "42" """, "42", true)]
    [InlineData("", "42", false)]
    [InlineData("anything", "", false)]
    public void The_right_answer_is_found_whole_or_not_at_all(string text, string expected, bool found) =>
        Assert.Equal(found, ExpectedAnswer.IsIn(text, expected));
}
