using Backstop.Core.Guards;

namespace Backstop.Core.Tests.Guards;

public sealed class GuardPolicyTests
{
    [Theory]
    [InlineData("""{"stagez":{}}""", "stagez: 'stagez' is not known. Did you mean 'stages'?")]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"toxicty"}]}}}""", "Did you mean 'toxicity'?")]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"pii","action":"fixx"}]}}}""", "Did you mean 'fix'?")]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"pii","treshold":0.4}]}}}""", "Did you mean 'threshold'?")]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"pii","with":{"typs":[]}}]}}}""", "stages.output.checks[0].with.typs")]
    public void An_unknown_word_is_an_error_that_suggests_the_right_one(string json, string expected) =>
        Assert.Contains(expected, Error(json), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"toxicity","action":"reask"}]}}}""", "lets a stream flow")]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"toxicity","action":"fix"}]}}}""", "cannot fix it")]
    [InlineData("""{"stages":{"input":{"checks":[{"use":"pii","action":"reask"}]}}}""", "output only")]
    [InlineData("""{"stages":{"input":{"checks":[{"use":"json_schema"}]}}}""", "cannot look at input")]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"pii"},{"use":"pii"}]}}}""", "used twice")]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"pii","on_error":"degrade:x"}]}}}""", "not another check")]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"pii"}]}},"streaming":{"hold_max":64}}""", "hold_max")]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"pii","threshold":2}]}}}""", "from 0 to 1")]
    public void What_could_not_work_is_refused_when_the_policy_is_read(string json, string expected) =>
        Assert.Contains(expected, Error(json), StringComparison.Ordinal);

    [Fact]
    public void Text_that_is_not_JSON_is_refused_with_its_line() =>
        Assert.Contains("line 2", Error("{\n x }"), StringComparison.Ordinal);

    [Fact]
    public void Every_part_of_a_full_policy_is_read()
    {
        var policy = GuardPolicy.Parse(
            """
            {
              "apiVersion": "backstop/v1", "name": "shop", "blocked_response": "No.",
              "streaming": { "hold_max": 300, "window": 400 },
              "stages": { "output": { "budget_ms": 15, "checks": [
                { "use": "pii", "id": "mail", "action": "fix", "mode": "shadow", "on_error": "fallback", "timeout_ms": 9 },
                { "use": "toxicity", "id": "tox", "threshold": 0.5, "on_error": "degrade:mail" } ] } }
            }
            """);
        var (mail, tox) = (policy.ChecksOf(GuardStage.Output)[0], policy.ChecksOf(GuardStage.Output)[1]);
        Assert.Equal(("shop", "No.", new StreamingPolicy(300, 400)), (policy.Name, policy.BlockedResponse, policy.Streaming));
        Assert.Equal(15, policy.Stages[GuardStage.Output].BudgetMilliseconds);
        Assert.Equal(("mail", Disposition.Fix, CheckMode.Shadow, 9), (mail.Id, mail.Action, mail.Mode, mail.TimeoutMilliseconds));
        Assert.Equal(FailMode.Fallback, mail.OnError.Mode);
        Assert.Equal((0.5, Disposition.Block, "mail"), (tox.Threshold, tox.Action, tox.OnError.DegradeTo));
    }

    private static string Error(string json) => Assert.Throws<GuardPolicyException>(() => GuardPolicy.Parse(json)).Message;
}
