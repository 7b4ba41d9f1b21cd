using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Gates;
using Backstop.Core.Gates.Outside;

namespace Backstop.Core.Tests.Gates;

/// <summary>Gates as people write them: what judges an answer, how many may fail, and what a suite that makes no sense is told.</summary>
public sealed class SuiteTests
{
    private const string Gate = """{ "id": "refunds" }""";

    [Theory]
    [InlineData("""{"use":"exact"}""", "42", " 42\n", true)]
    [InlineData("""{"use":"exact"}""", "42", "It is 42.", false)]
    [InlineData("""{"use":"normalised"}""", "Forty Two", "the answer is forty  two!", true)]
    [InlineData("""{"use":"number","absolute":0.5}""", "42", "first 7, then 42.4", true)]
    [InlineData("""{"use":"number","absolute":0.5}""", "42", "42 or rather 43", false)]
    [InlineData("""{"use":"number","relative":0.01}""", "1000", "about 1,009", true)]
    [InlineData("""{"use":"number"}""", "42", "no idea", false)]
    [InlineData("""{"use":"regex","pattern":"^\\d{4}-\\d{2}$"}""", "", "2026-11", true)]
    [InlineData("""{"use":"regex","pattern":"^\\d{4}-\\d{2}$"}""", "", "in 2026-11", false)]
    [InlineData("""{"use":"regex","pattern":"^(a+)+$"}""", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", false)]
    [InlineData("""{"use":"contains","all":["Refund"],"none":["sorry"]}""", "", "your refund is on its way", true)]
    [InlineData("""{"use":"contains","all":["Refund"],"none":["sorry"]}""", "", "Sorry, no refund", false)]
    [InlineData("""{"use":"json_schema","schema":{"type":"object","required":["amount"]}}""", "", """{"amount": 3}""", true)]
    [InlineData("""{"use":"json_schema","schema":{"type":"object","required":["amount"]}}""", "", """{"amount": 3""", false)]
    [InlineData("""{"use":"ring","policy":{"apiVersion":"backstop/v1","name":"pii","stages":{"output":{"checks":[{"use":"pii","action":"block"}]}}}}""", "", "write to ada@example.com", false)]
    [InlineData("""{"use":"ring","policy":{"apiVersion":"backstop/v1","name":"pii","stages":{"output":{"checks":[{"use":"pii","action":"block"}]}}}}""", "", "write to us", true)]
    [InlineData("""{"use":"similarity","at_least":0.6}""", "the refund takes five days", "a refund takes five days", true)]
    [InlineData("""{"use":"similarity","at_least":0.6}""", "the refund takes five days", "we cannot tell", false)]
    public void A_check_passes_what_is_right_and_nothing_else(string check, string expected, string answer, bool passes)
    {
        var line = JsonSerializer.Serialize(new { prompt = "?", expected = expected.Length > 0 ? expected : null, checks = new[] { JsonNode.Parse(check) } });
        var outcome = Read(Gate, line.Replace("\"expected\":null,", "", StringComparison.Ordinal)).Cases[0].Score(ModelAnswer.Of(answer));

        Assert.Equal(passes, outcome is RunOutcome.Passed);
        Assert.IsNotType<RunOutcome.Unknown>(outcome);
    }

    [Theory]
    [InlineData("refund", """{"id":"7","amount":3.0,"note":"x"}""", true)]
    [InlineData("refund", """{"id":"7","amount":4}""", false)]
    [InlineData("refund", "{broken", false)]
    [InlineData("cancel", """{"id":"7","amount":3}""", false)]
    public void A_call_of_a_tool_is_right_when_it_has_the_arguments_that_were_asked_for(string tool, string arguments, bool passes)
    {
        var suite = Read(Gate, """{"prompt":"?","checks":[{"use":"tool_call","tool":"refund","arguments":{"id":"7","amount":3}}]}""");

        Assert.Equal(passes, suite.Cases[0].Score(new("", [new(tool, arguments)])) is RunOutcome.Passed);
    }

    [Fact]
    public void Where_there_is_nothing_to_compare_with_the_outcome_is_unknown_and_never_a_pass()
    {
        var suite = Read("""{ "id": "refunds", "checks": [ { "use": "exact" } ] }""", """{"prompt":"?"}""");

        Assert.IsType<RunOutcome.Unknown>(suite.Cases[0].Score(ModelAnswer.Of("anything")));
    }

    [Fact]
    public void Cases_of_OpenAI_evals_are_read_as_they_are()
    {
        var suite = Read(Gate, """{"input":[{"role":"system","content":"Be brief."},{"role":"user","content":"2+2?"}],"ideal":["4","four"]}""");

        Assert.Equal(["Be brief.", "2+2?"], suite.Cases[0].Messages.Select(m => m.Content));
        Assert.IsType<RunOutcome.Passed>(suite.Cases[0].Score(ModelAnswer.Of("Four.")));
        Assert.IsType<RunOutcome.Failed>(suite.Cases[0].Score(ModelAnswer.Of("Five.")));
    }

    [Theory]
    [InlineData("""{ "checks": [] }""", """{"prompt":"?","expected":"1"}""", "needs an 'id'")]
    [InlineData("""{ "id": "x", "sampels": 3 }""", """{"prompt":"?","expected":"1"}""", "samples")]
    [InlineData("""{ "id": "x", "checks": [ { "use": "regexp", "pattern": "a" } ] }""", """{"prompt":"?"}""", "regex")]
    [InlineData("""{ "id": "x", "checks": [ { "use": "regex", "pattern": "(" } ] }""", """{"prompt":"?"}""", "no regular expression")]
    [InlineData("""{ "id": "x" }""", """{"prompt":"?"}""", "neither 'expected' nor 'checks'")]
    [InlineData("""{ "id": "x" }""", """{"expected":"1"}""", "needs 'messages', 'input' or 'prompt'")]
    [InlineData("""{ "id": "x" }""", "", "no case")]
    public void A_suite_that_makes_no_sense_is_told_what_to_write(string gate, string line, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => Read(gate, line)).Message, StringComparison.Ordinal);

    [Fact]
    public void Power_and_false_blocks_are_those_of_the_binomial()
    {
        var lines = Enumerable.Range(0, 100).Select(i => $$"""{"id":"c{{i}}","prompt":"?","expected":"1"}""").ToArray();
        var suite = Read("""{ "id": "x", "decide": { "failIfMoreThan": 13, "goodFailRate": 0.06, "badFailRate": 0.21 } }""", lines);

        Assert.Equal(0.972, suite.Rule.Power!.Value, 0.0005);
        Assert.Equal(0.0026, suite.Rule.FalseBlock!.Value, 0.00005);
    }

    [Theory]
    [InlineData(0, 0, GateVerdict.Passed)]
    [InlineData(2, 0, GateVerdict.Failed)]
    [InlineData(1, 1, GateVerdict.Inconclusive)]
    [InlineData(0, 2, GateVerdict.Inconclusive)]
    [InlineData(2, 1, GateVerdict.Failed)]
    public void A_missing_answer_is_a_third_outcome_that_never_passes_for_good(int failures, int errors, GateVerdict verdict)
    {
        var lines = Enumerable.Range(0, 10).Select(i => $$"""{"id":"c{{i}}","prompt":"?","expected":"1"}""").ToArray();
        var suite = Read("""{ "id": "x", "decide": { "failIfMoreThan": 1 } }""", lines);

        Assert.Equal(verdict, suite.Judge(new(10, failures, errors)));
    }

    [Fact]
    public void Ten_cases_worse_and_none_better_are_no_chance_and_an_even_split_is()
    {
        Assert.Equal(1.0 / 1024, new PairedComparison(10, 0).PValue, 1e-9);
        Assert.True(new PairedComparison(5, 5).PValue > 0.5);
        Assert.Equal(1, new PairedComparison(0, 0).PValue);
        Assert.Equal(new(1, 0) { Unknown = 1 }, PairedComparison.Of([new(3, 2, 0), new(3, 1, 1)], [new(3, 0, 0), new(3, 0, 0)]));
    }

    [Fact]
    public void Where_no_limit_is_given_the_least_one_is_chosen_that_stops_good_releases_seldom_enough()
    {
        var lines = Enumerable.Range(0, 100).Select(i => $$"""{"id":"c{{i}}","prompt":"?","expected":"1"}""").ToArray();
        var rule = Read("""{ "id": "x", "decide": { "goodFailRate": 0.06, "badFailRate": 0.25 } }""", lines).Rule;

        Assert.True(rule.FalseBlock <= 0.001 && rule.Power >= 0.95);
        Assert.True(Binomial.Above(100, rule.FailIfMoreThan - 1, 0.06) > 0.001);
        Assert.Contains("cannot tell 7% from 6%", Assert.Throws<FormatException>(() => Read("""{ "id": "x", "decide": { "goodFailRate": 0.06, "badFailRate": 0.07 } }""", lines)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_without_assumptions_says_what_it_catches_and_what_it_forgives()
    {
        var rule = new PassRule { Runs = 100, FailIfMoreThan = 13 };

        Assert.Equal(0.95, Binomial.Above(100, 13, rule.Catches), 1e-6);
        Assert.Equal(0.001, Binomial.Above(100, 13, rule.Forgives), 1e-6);
    }

    [Fact]
    public void A_comparison_whose_missing_cases_could_decide_it_is_left_open()
    {
        Assert.True(new PairedComparison(20, 0).IsWorse(0.01));
        Assert.False(new PairedComparison(3, 3) { Unknown = 1 }.IsWorse(0.01));
        Assert.Null(new PairedComparison(0, 0) { Unknown = 20 }.IsWorse(0.01));
        Assert.Null(new PairedComparison(8, 0) { Unknown = 5 }.IsWorse(0.01));
    }

    [Theory]
    [InlineData("""{"prompt":"?","checks":[{"use":"command","run":["rm"]}]}""", "'command' can stand in gate.yaml only")]
    [InlineData("""{"prompt":"?","checks":[{"use":"http","url":"http://evil.example"}]}""", "'http' can stand in gate.yaml only")]
    public void A_case_cannot_start_programs_or_send_answers_away(string line, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => Read(Gate, line)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{ "use": "command" }""", "needs 'run'")]
    [InlineData("""{ "use": "command", "run": [] }""", "names no program")]
    [InlineData("""{ "use": "http", "url": "file:///etc/passwd" }""", "needs a 'url' that begins with http")]
    [InlineData("""{ "use": "judge", "url": "https://a.example/v1", "model": "m", "rubric": "r" }""", "needs 'anchors'")]
    [InlineData("""{ "use": "judge", "url": "https://a.example/v1", "model": "m", "rubric": "r", "anchors": "none.jsonl" }""", "there is no file 'none.jsonl'")]
    public void An_outside_check_that_lacks_something_is_told_what(string check, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => Read($$"""{ "id": "x", "checks": [ {{check}} ] }""", """{"prompt":"?"}""")).Message, StringComparison.Ordinal);

    [Fact]
    public void Another_program_beside_the_suite_makes_another_suite()
    {
        var (one, other) = (With("echo 1"), With("echo 2"));

        Assert.NotEqual(one.Digest, other.Digest);
        Assert.Equal(["./grade.sh", "strict"], Assert.IsType<OutsideCheck.Command>(Assert.Single(one.Outside)).Program);

        static Suite With(string program) => SuiteReader.Read(
            """{ "id": "x", "checks": [ { "use": "command", "run": ["./grade.sh", "strict"] } ] }""", ["""{"prompt":"?"}"""], file => file == "./grade.sh" ? program : null);
    }

    [Fact]
    public void Other_cases_or_checks_make_another_digest()
    {
        var one = Read(Gate, """{"prompt":"?","expected":"1"}""");

        Assert.NotEqual(one.Digest, Read(Gate, """{"prompt":"?","expected":"2"}""").Digest);
        Assert.Equal(one.Digest, Read(Gate, """{"prompt":"?","expected":"1"}""").Digest);
    }

    private static Suite Read(string gate, params string[] lines) => SuiteReader.Read(gate, lines, _ => null);
}
