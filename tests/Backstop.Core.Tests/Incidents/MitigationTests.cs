using Backstop.Core.Incidents.Suspects;

namespace Backstop.Core.Tests.Incidents;

/// <summary>What is advised against a cause can be done, where Backstop has a verb for it.</summary>
public sealed class MitigationTests
{
    [Theory]
    [InlineData(Cause.Attack, "tighten")]
    [InlineData(Cause.StaleIndex, "bypass")]
    [InlineData(Cause.RetrievalDown, "bypass")]
    [InlineData(Cause.Model, null)]
    [InlineData(null, null)]
    public void The_verb_that_does_the_first_thing_is_named(Cause? cause, string? verb) =>
        Assert.Equal(verb, Mitigation.Of(cause).Verb?.Split(' ')[0]);
}
