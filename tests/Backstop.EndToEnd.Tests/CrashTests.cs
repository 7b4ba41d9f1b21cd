using Backstop.Client;

namespace Backstop.EndToEnd.Tests;

/// <summary>What was acknowledged survives the death of the process, whenever it dies.</summary>
public sealed class CrashTests
{
    private const int Kills = 24;

    [Fact]
    public async Task The_last_acknowledged_generation_is_back_after_a_kill_at_any_moment()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var backstop = new RunningBackstop();
        await backstop.InitializeAsync();
        var acknowledged = (await backstop.Control.Alias(RunningBackstop.Alias, cancel)).Body;
        var random = new Random(42);
        for (var kill = 0; kill < Kills; kill++)
        {
            // The kill lands before, inside or after a swap: the moments are spread over several swaps' time.
            var swaps = SwapUntilItDies(backstop, acknowledged, random.Next(1, 6), cancel);
            var killed = Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 60)), cancel).ContinueWith(_ => backstop.KillServe(), cancel).Unwrap();
            acknowledged = await swaps;
            await killed;
            await backstop.StartServe(cancel);

            var found = (await backstop.Control.Alias(RunningBackstop.Alias, cancel)).Body;
            Assert.InRange(found.Generation, acknowledged.Generation, acknowledged.Generation + 1); // One swap may have been under way.
            if (found.Generation == acknowledged.Generation)
            {
                Assert.Equal(acknowledged.Current, found.Current);
            }

            var last = (await backstop.Control.History(RunningBackstop.Alias, cancel)).Body.Max(e => e.Generation);
            Assert.Equal(found.Generation, last); // The row and its journal entry live or die together.
            acknowledged = found;
        }
    }

    /// <summary>Swaps back and forth; the answer that came last is what was promised.</summary>
    private static async Task<AliasView> SwapUntilItDies(RunningBackstop backstop, AliasView from, int swaps, CancellationToken cancel)
    {
        var acknowledged = from;
        try
        {
            while (swaps-- > 0)
            {
                var target = acknowledged.Current.Name == "v7" ? "v7-twin" : "v7";
                acknowledged = (await backstop.Control.Swap(RunningBackstop.Alias, target, acknowledged.Generation, "test", cancel)).Body;
            }
        }
        catch (ControlException e) when (e.Status is null)
        {
            // Killed in the middle of a swap that nobody was promised.
        }

        return acknowledged;
    }
}
