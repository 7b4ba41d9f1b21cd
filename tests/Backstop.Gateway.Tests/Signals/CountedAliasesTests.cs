using System.Runtime.CompilerServices;
using Backstop.Gateway.Signals;

namespace Backstop.Gateway.Tests.Signals;

public sealed class CountedAliasesTests
{
    [Fact]
    public void However_many_aliases_come_and_go_only_those_that_somebody_keeps_stay()
    {
        var aliases = new CountedAliases();
        var kept = aliases.Of("kept");
        for (var round = 0; round < 20; round++)
        {
            ComeAndGo(aliases, round);
            GC.Collect();
        }

        Assert.InRange(aliases.Count, 1, 200);
        Assert.Same(kept, aliases.Of("kept"));
        GC.KeepAlive(kept);
    }

    // In a method of its own, so that no local keeps one of them alive.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ComeAndGo(CountedAliases aliases, int round)
    {
        for (var i = 0; i < 50; i++)
        {
            aliases.Of($"alias-{round}-{i}");
        }
    }
}
