using Backstop.Core.Access;

namespace Backstop.Core.Tests.Access;

public sealed class RightsTests
{
    [Theory]
    [InlineData("*", "assistant:prod", true)]
    [InlineData("*:*", "assistant:prod", true)]
    [InlineData("assistant:prod", "assistant:prod", true)]
    [InlineData("assistant:prod", "assistant:production", false)]
    [InlineData("assistant:prod", "assistant", false)]
    [InlineData("assistant:*", "assistant:staging", true)]
    [InlineData("assistant:*", "assistants:prod", false)]
    [InlineData("*:prod", "ranker:prod", true)]
    [InlineData("*:prod", "ranker:prod:x", false)]
    [InlineData("*:prod", "Ranker:Prod", false)]
    public void A_pattern_names_whole_halves_of_aliases(string pattern, string alias, bool names) =>
        Assert.Equal(names, AliasPattern.Parse(pattern)!.Names(alias));

    [Theory]
    [InlineData("")]
    [InlineData("assistant")]
    [InlineData("assist*")]
    [InlineData("assist*:prod")]
    [InlineData("a:b:c")]
    [InlineData(":prod")]
    [InlineData("**:prod")]
    public void What_is_no_pattern_is_not_read_as_one(string text) => Assert.Null(AliasPattern.Parse(text));

    [Fact]
    public void A_scope_includes_what_the_page_says_and_nothing_else()
    {
        var included = from held in Enum.GetValues<Scope>()
                       from needed in Enum.GetValues<Scope>()
                       where held != needed && held.Includes(needed)
                       select $"{held.Word()} {needed.Word()}";
        Assert.Equal(["write read", "operate read", "admin invoke", "admin read", "admin write", "admin operate"], included);
    }

    [Fact]
    public void Two_grants_do_not_lend_each_other_their_aliases()
    {
        var rights = new Rights(
        [
            new([Scope.Operate], [AliasPattern.Parse("assistant:*")!]),
            new([Scope.Read], [AliasPattern.All]),
        ]);
        Assert.True(rights.Allow(Scope.Operate, "assistant:prod"));
        Assert.False(rights.Allow(Scope.Operate, "ranker:prod"));
        Assert.True(rights.Allow(Scope.Read, "ranker:prod"));
        Assert.True(rights.AllowEverywhere(Scope.Read));
        Assert.False(rights.AllowEverywhere(Scope.Operate));
    }
}
