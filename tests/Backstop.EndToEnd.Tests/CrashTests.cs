using System.Diagnostics;
using Backstop.Client;

namespace Backstop.EndToEnd.Tests;

/// <summary>What was acknowledged survives the death of the process, whenever it dies.</summary>
public sealed class CrashTests
{
    [Fact]
    public Task The_last_acknowledged_generation_is_back_after_a_kill_at_any_moment() => KillAndLook(times: 2, seed: 42);

    [Fact(Explicit = true)]
    public Task The_last_acknowledged_generation_is_back_after_each_of_a_hundred_kills() => KillAndLook(times: 100, seed: 7);

    private static async Task KillAndLook(int times, int seed)
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var backstop = new RunningBackstop();
        await backstop.InitializeAsync();
        var acknowledged = (await backstop.Control.Alias(RunningBackstop.Alias, cancel)).Body;
        var random = new Random(seed);
        for (var kill = 0; kill < times; kill++)
        {
            for (var quiet = random.Next(0, 4); quiet > 0; quiet--)
            {
                acknowledged = await Swap(backstop, acknowledged, cancel);
            }

            // One more swap is under way when the process dies: before it was read, inside its transaction, or after.
            var underWay = Swap(backstop, acknowledged, cancel);
            Spin(TimeSpan.FromMilliseconds(random.NextDouble() * 15));
            await backstop.KillServe();
            acknowledged = await Promised(underWay) ?? acknowledged;
            await backstop.StartServe(cancel);

            var found = (await backstop.Control.Alias(RunningBackstop.Alias, cancel)).Body;
            Assert.InRange(found.Generation, acknowledged.Generation, acknowledged.Generation + 1);
            if (found.Generation == acknowledged.Generation)
            {
                Assert.Equal(acknowledged.Current, found.Current);
            }

            var last = (await backstop.Control.History(RunningBackstop.Alias, cancel)).Body.Max(e => e.Generation);
            Assert.Equal(found.Generation, last); // The row and its journal entry live or die together.
            acknowledged = found;
        }

        Assert.True((await backstop.Control.CheckJournal(cancel)).Body.Intact);
    }

    private static async Task<AliasView> Swap(RunningBackstop backstop, AliasView from, CancellationToken cancel)
    {
        var target = from.Current.Name == "v7" ? "v7-twin" : "v7";
        return (await backstop.Control.Swap(RunningBackstop.Alias, target, from.Generation, "test", cancel)).Body;
    }

    /// <summary>What the swap answered, or null when the process died before it did.</summary>
    private static async Task<AliasView?> Promised(Task<AliasView> swap)
    {
        try
        {
            return await swap;
        }
        catch (ControlException e) when (e.Status is null)
        {
            return null;
        }
    }

    /// <summary>Busy for a moment that timers are too coarse for.</summary>
    private static void Spin(TimeSpan time)
    {
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < time;)
        {
            Thread.SpinWait(20);
        }
    }
}
