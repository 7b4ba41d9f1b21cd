using System.Globalization;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>Everything dies, stands still, is cut off and runs out of disk, again and again, while users ask and releases turn bad.</summary>
[Collection<Alone>]
public sealed class ChaosTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task For_three_minutes_of_faults_no_user_notices_and_every_bad_release_is_taken_back() => Endure(TimeSpan.FromMinutes(3), seed: 11);

    [Fact(Explicit = true)]
    public Task For_half_an_hour_of_faults_no_user_notices_and_every_bad_release_is_taken_back() => Endure(TimeSpan.FromMinutes(30), seed: Environment.TickCount);

    private static async Task Endure(TimeSpan time, int seed)
    {
        await using var fleet = await ProcessFleet.Start(controls: 3, gateways: 8, Cancel, replicas: 2, apart: true);
        await using var traffic = new FleetTraffic(fleet, rate: 80);
        await traffic.Settle();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var keeping = fleet.Everybody.Select(node => node.Keep(over.Token)).ToArray();
        var faults = new Faults(fleet, seed);
        var chaos = faults.Run(time, over.Token);
        try
        {
            var rounds = 0;
            do
            {
                rounds += await TurnsBad(fleet, traffic) ? 1 : 0;
            }
            while (!chaos.IsCompleted);

            await chaos;
            await traffic.Check();
            await GenerationsOnlyRise(fleet);
            Assert.True(rounds > 0, "No release was ever exposed.");
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll([chaos, .. keeping]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            TestContext.Current.SendDiagnosticMessage(
                $"seed {seed}{(fleet.IsApart ? "" : ", without networks and disks of their own (no root, or no iproute2)")}: {string.Join("; ", faults.Happened)}");
        }
    }

    /// <summary>In the journal, and in what each gateway says that it serves; a gateway may begin a life where its disk was full in the one before.</summary>
    private static async Task GenerationsOnlyRise(ProcessFleet fleet)
    {
        var history = (await fleet.History(Cancel)).Select(e => e.Generation ?? 0).ToArray();
        Assert.Equal(history.Order(), history);
        foreach (var life in fleet.Gateways.SelectMany(g => g.WroteInEachLife($"Serving {ProcessFleet.Alias} at ")))
        {
            var applied = life.Select(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..].TrimEnd('.'), CultureInfo.InvariantCulture)).ToArray();
            Assert.Equal(applied.Distinct().Order(), applied);
        }
    }

    /// <summary>Exposes a good release that turns bad; false when it was refused before it met a user, or began so late that it was bad already.</summary>
    private static async Task<bool> TurnsBad(ProcessFleet fleet, FleetTraffic traffic)
    {
        await fleet.Break("v8", 0, Cancel);
        await fleet.Allow("v8", Cancel);
        var id = await fleet.Expose(Cancel);
        if ((await fleet.Until(c => c.Rollout(id, Cancel), r => r.Status == "canary" || r.IsOver, Cancel)).IsOver)
        {
            return false;
        }

        await traffic.Answers(300);
        await fleet.Break("v8", 0.5, Cancel);
        await fleet.Until(c => c.Rollout(id, Cancel), r => r.IsOver, Cancel);
        return true;
    }
}
