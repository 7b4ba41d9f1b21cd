using Backstop.Core.Guards;
using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Guards;

/// <summary>Checks that stand for a while beside a release's own: whatever policy they meet, nothing gets looser.</summary>
public sealed class TighteningTests
{
    private const string Address = "Write to ada@example.com.";

    [Fact]
    public void What_a_policy_lets_pass_is_stopped_and_what_it_stops_stays_stopped()
    {
        var lenient = Policy("output", """{"use":"pii","action":"observe"}""");
        Assert.False(Stops(lenient, Address));
        Assert.True(Stops(Tightening("output", """{"use":"pii","action":"block"}""").Over(lenient), Address));

        var strict = Policy("output", """{"use":"pii","action":"block"}""");
        Assert.True(Stops(Tightening("output", """{"use":"pii","action":"observe"}""").Over(strict), Address));
        Assert.True(Stops(Tightening("output", """{"use":"length","id":"pii","with":{"max_chars":1000}}""").Over(strict), Address));
    }

    [Fact]
    public void A_check_that_says_no_settings_has_those_of_the_release_and_an_id_of_its_own()
    {
        var policy = Policy("output", """{"use":"pattern","id":"codenames","action":"observe","with":{"words":["bluebird"]}}""");
        var tight = Tightening("output", """{"use":"pattern","id":"codenames","action":"block","with":{"words":["redwing"]}},{"use":"pii","id":"codenames-2"}""").Over(policy);
        Assert.Equal(["codenames", "codenames-2", "codenames-2-2"], tight.ChecksOf(GuardStage.Output).Select(use => use.Id));
        Assert.Equal((true, false), (Stops(tight, "It is redwing."), Stops(tight, "It is bluebird.")));

        var pii = Policy("output", """{"use":"pii","action":"observe","with":{"types":["CREDIT_CARD"]}}""");
        var blocked = Tightening("output", """{"use":"pii","action":"block"}""").Over(pii);
        Assert.Equal((false, true), (Stops(blocked, Address), Stops(blocked, "It was 4111 1111 1111 1111.")));
    }

    [Fact]
    public void A_stage_that_the_policy_does_not_name_keeps_the_checks_of_the_one_it_is_most_like()
    {
        var policy = Policy("input", """{"use":"injection"},{"use":"limits"}""");
        var before = Ring.Compile(policy).Of(GuardStage.ToolResult).All.Select(check => check.Use.Id);
        var after = Ring.Compile(Tightening("tool_result", """{"use":"pattern","with":{"words":["bluebird"]}}""").Over(policy)).Of(GuardStage.ToolResult).All.Select(check => check.Use.Id);
        Assert.Equal([.. before, "pattern"], after);
    }

    [Fact]
    public void It_is_known_when_nothing_is_added()
    {
        Assert.False(Tightening("input", """{"use":"injection"}""").AddsTo(GuardPolicy.Default));
        Assert.True(Tightening("input", """{"use":"injection","threshold":0.3}""").AddsTo(GuardPolicy.Default));
        Assert.True(Tightening("output", """{"use":"pii"}""").AddsTo(GuardPolicy.Default));
    }

    [Theory]
    [InlineData("""{"tighten":[{"stages":{"output":{"checks":[{"use":"pii"}],"budget_ms":5}}}]}""", "budget_ms")]
    [InlineData("""{"tighten":[{"stages":{"output":{"checks":[{"use":"pii","mode":"shadow"}]}}}]}""", "mode")]
    [InlineData("""{"tighten":[{"stages":{"output":{"checks":[{"use":"pii","on_error":"degrade:secrets"},{"use":"secrets"}]}}}]}""", "degrade")]
    [InlineData("""{"tighten":[{"stages":{"output":{"checks":[{"use":"remote","with":{"guard":"lakera"}}]}}}]}""", "guard")]
    [InlineData("""{"tighten":[{"stages":{"outputs":{"checks":[{"use":"pii"}]}}}]}""", "outputs")]
    [InlineData("""{"tighten":[{"stages":{}}]}""", "no check")]
    public void What_depends_on_a_release_or_tightens_nothing_is_refused(string policy, string why) =>
        Assert.Contains(why, Assert.Throws<TrafficPolicyException>(() => TrafficPolicy.Parse(policy)).Message, StringComparison.Ordinal);

    [Fact]
    public void Two_measures_at_once_both_hold()
    {
        var policy = Overlay.Over(TrafficPolicy.Default, [
            Measure(OverlayKind.Tighten, Overlay.Tighten("""{"output":{"checks":[{"use":"pii"}]}}""")),
            Measure(OverlayKind.Tighten, Overlay.Tighten("""{"output":{"checks":[{"use":"secrets"}]}}""")),
            Measure(OverlayKind.Bypass, Overlay.Bypass(["kb-41"])),
            Measure(OverlayKind.Bypass, Overlay.Bypass(["wiki*", "kb-41"]))]);
        Assert.Equal(["pii", "secrets"], policy.Tightening!.Over(GuardPolicy.Empty).ChecksOf(GuardStage.Output).Select(use => use.Id));
        Assert.Equal(["kb-41", "wiki*"], policy.Inputs.Bypassed);
        Assert.Equal((true, true, true, false), (policy.Inputs.Bypasses("kb-41"), policy.Inputs.Bypasses("wiki-7"), policy.Inputs.Bypasses(null), policy.Inputs.Bypasses("kb-42")));
    }

    private static Overlay Measure(OverlayKind kind, string change) => new("m1", kind, change, "", "ada", "test", default, default);

    private static bool Stops(GuardPolicy policy, string text) => Ring.Compile(policy).Open(RingContext.None).ScreenOutput(ScanUnit.Output(text)).Stops;

    private static GuardPolicy Policy(string stage, string checks) => GuardPolicy.Parse($$"""{ "stages": { "{{stage}}": { "checks": [ {{checks}} ] } } }""");

    private static Tightening Tightening(string stage, string checks) =>
        TrafficPolicy.Parse($$"""{ "tighten": [ { "stages": { "{{stage}}": { "checks": [ {{checks}} ] } } } ] }""").Tightening!;
}
