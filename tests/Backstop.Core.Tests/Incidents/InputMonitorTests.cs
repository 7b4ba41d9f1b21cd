using System.Collections.Immutable;
using Backstop.Core.Gates;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Inputs;

namespace Backstop.Core.Tests.Incidents;

public sealed class InputMonitorTests
{
    private static readonly InputContract Present = InputContract.None with
    {
        Prompts = ["a", "b"], Defaults = ImmutableSortedDictionary<string, double>.Empty.Add("age", 40).Add("clicks", 2), OldestDays = 3, ContainsByItself = true,
    };

    [Theory]
    [InlineData("prompts")]
    [InlineData("features")]
    [InlineData("retrieval")]
    public void A_rule_leaves_the_contract_with_its_monitor_and_comes_back_with_it(string rule)
    {
        var monitor = Monitor("m1", rule, Present);
        var without = monitor.Under(Present, GateState.Retired, [monitor]);

        Assert.Equal((rule == "prompts", rule == "features", rule == "retrieval"), (without.Prompts is null, without.Defaults.IsEmpty, without.OldestDays is null));
        Assert.Equal(Present.ToJson().ToJsonString(), monitor.Under(without, GateState.Enforcing, [monitor]).ToJson().ToJsonString());
    }

    [Fact]
    public void What_another_monitor_asks_for_stays()
    {
        var (one, other) = (Monitor("m1", "features", Present), Monitor("m2", "features", Present with { Defaults = Present.Defaults.Remove("clicks") }));

        Assert.Equal(["age"], one.Under(Present, GateState.Shadow, [one, other]).Defaults.Keys);
        Assert.Empty(one.Under(Present, GateState.Shadow, [one, other with { State = GateState.Quarantined }]).Defaults);
    }

    [Fact]
    public void A_rule_that_would_have_touched_what_was_well_does_not_let_it_be()
    {
        Assert.True(new RuleBacktest(TimeSpan.FromDays(30), Quiet: 1000, QuietTouched: 10, Faulty: 0, FaultyTouched: 0).LetsBe);
        Assert.False(new RuleBacktest(TimeSpan.FromDays(30), Quiet: 1000, QuietTouched: 11, Faulty: 0, FaultyTouched: 0).LetsBe);
    }

    private static InputMonitor Monitor(string id, string rule, InputContract from) => new(
        id, "assistant:prod", "INC-1", new(Cause.EmptyFeatures, rule, "words", default, "me", 2, new(default, 1, 0, 1, 1)), GateState.Enforcing, "me", default, default)
    {
        Inputs = ContainmentPlan.PartOf(from, rule).ToJson().ToJsonString(),
    };
}
