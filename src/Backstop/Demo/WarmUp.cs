using Backstop.Emulation;

namespace Backstop.Demo;

/// <summary>The questions before the first user's: a fresh process compiles its code while it answers, and no user should wait for that.</summary>
internal static class WarmUp
{
    /// <summary>So many quick answers in a row end it.</summary>
    private const int QuickInARow = 20;

    /// <summary>More than this is not worth waiting for.</summary>
    private const int Most = 300;

    /// <summary>The pools' own latency is 40 ms at the median and 160 ms at the 99th percentile.</summary>
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(250);

    public static async Task Run(DemoFleet fleet, int seed, CancellationToken cancel)
    {
        using var gateway = new HttpClient { BaseAddress = fleet.Http };
        using var pool = new HttpClient { BaseAddress = fleet.Bad.Address };
        await Task.WhenAll(
            Ask(new(gateway, Story.Alias), "warm-a", seed, cancel),
            Ask(new(gateway, Story.Alias), "warm-b", seed + 1, cancel),
            Ask(new(pool, fleet.Bad.Release), "warm-c", seed + 2, cancel));
    }

    private static async Task Ask(ChatCaller caller, string id, int seed, CancellationToken cancel)
    {
        var quick = 0;
        for (var i = 0; i < Most && quick < QuickInARow; i++)
        {
            var dice = Dice.For(seed, i);
            var answer = await caller.Ask($"{id}-{i}", Questions.Next(dice).Text, stream: i % 2 == 1, cancel);
            quick = answer.Status == 200 && answer.Latency < Quick ? quick + 1 : 0;
        }
    }
}
