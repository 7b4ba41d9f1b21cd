using Backstop.Client;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>Control planes that know each other by certificates are replaced one by one, as for a new version.</summary>
[Collection<Alone>]
public sealed class UpgradeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rollout_goes_on_to_its_end_while_every_control_plane_is_replaced()
    {
        await using var fleet = await ProcessFleet.Start(controls: 3, gateways: 2, Cancel, certified: true);
        await using var traffic = new FleetTraffic(fleet, rate: 80);
        await traffic.Settle();
        var plan = new PlanRequest([new(3000, 1000, 20), new(3500, 3000, 20), new(4000, 3000, 20), new(4500, 3000, 20), new(5000, 3000, 20)]) { BakeMs = 1000 };
        var id = (await fleet.Ask(
            c => c.StartRollout(ProcessFleet.Alias, new("v8") { Plan = plan.ToJson(), Evidence = new() { ["min_history"] = 0 } }, Cancel), Cancel)).Body.Id;
        var first = await fleet.Until(c => c.Rollout(id, Cancel), r => r.Status == "canary", Cancel);
        var before = await fleet.Until(c => c.Rollout(id, Cancel), r => r.Generation > first.Generation, Cancel); // Until then it may wait for enough requests.
        foreach (var control in fleet.Controls)
        {
            await control.Stop();
            await control.Start(Cancel);
        }

        var after = (await fleet.Ask(c => c.Rollout(id, Cancel), Cancel)).Body;
        Assert.True(after.Generation > before.Generation, $"It stood still while they were replaced: {after}");
        var end = await fleet.Until(c => c.Rollout(id, Cancel), r => r.IsOver, Cancel);
        Assert.Equal("completed", end.Status);
        var moves = fleet.Controls.SelectMany(c => c.Wrote($"Rollout {id} ")).Order(StringComparer.Ordinal).ToArray();
        Assert.False(moves.Any(line => line.Contains(" is Held ", StringComparison.Ordinal) && !line.Contains($"generation {first.Generation}:", StringComparison.Ordinal)), $"It waited: {string.Join("\n", moves)}");
        await traffic.FailedNobody();
    }

    /// <summary>It tries for half a minute.</summary>
    [Fact(Explicit = true)]
    public async Task A_control_plane_whose_certificate_is_of_another_authority_does_not_join_them()
    {
        await using var fleet = await ProcessFleet.Start(controls: 2, gateways: 1, Cancel, certified: true);
        await using var stranger = fleet.Stranger();
        await Assert.ThrowsAsync<IOException>(() => stranger.Start(Cancel));
        Assert.All(fleet.Controls, c => Assert.False(c.HasExited));
        Assert.All(fleet.Controls, c => Assert.Single(c.Wrote(" is there.")));
    }
}
