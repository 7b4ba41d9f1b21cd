using System.Text.Json.Nodes;
using Backstop.Demo;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>The control plane that owns an alias dies at the moment at which a release turns bad.</summary>
public sealed class FailoverTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rollback_is_decided_though_the_owner_of_the_alias_is_killed_at_the_moment_of_the_regression()
    {
        await using var fleet = await ProcessFleet.Start(controls: 3, gateways: 2, Cancel);
        await using var traffic = new FleetTraffic(fleet, rate: 80);
        await Decided(fleet, traffic, owner => owner.Kill(), _ => Task.CompletedTask);
        await traffic.Check();
    }

    /// <summary>How much later that is than without a death; run by itself on a quiet machine.</summary>
    [Fact(Explicit = true)]
    public async Task The_time_from_the_regression_to_the_decision_with_the_owner_alive_killed_and_stopped()
    {
        await using var fleet = await ProcessFleet.Start(controls: 3, gateways: 4, Cancel);
        await using var traffic = new FleetTraffic(fleet, rate: 100);
        var times = new Dictionary<string, List<double>>();
        for (var round = 0; round < 5; round++)
        {
            foreach (var (how, strike, mend) in (List<(string, Func<FleetNode, Task>, Func<FleetNode, Task>)>)
            [
                ("alive", _ => Task.CompletedTask, _ => Task.CompletedTask),
                ("killed", owner => owner.Kill(), owner => owner.Start(Cancel)),
                ("stopped", owner => Do(owner.Pause), Wake),
            ])
            {
                var seconds = await Decided(fleet, traffic, strike, mend);
                if (!times.TryGetValue(how, out var known))
                {
                    times.Add(how, known = []);
                }

                known.Add(seconds);
                TestContext.Current.SendDiagnosticMessage($"round {round + 1}, owner {how}: decided {seconds:0.00} s after the regression");
            }
        }

        await traffic.Check();
        foreach (var (how, all) in times)
        {
            TestContext.Current.SendDiagnosticMessage($"owner {how}: {string.Join(", ", all.Order().Select(s => $"{s:0.00}"))} s, median {all.Order().ElementAt(all.Count / 2):0.00} s");
        }

        Assert.True(times["killed"].Order().ElementAt(2) < times["alive"].Order().ElementAt(2) + 3, "Half of the rollbacks were decided more than 3 s late.");
    }

    /// <summary>Exposes a good release, lets it turn bad while its owner is struck, and says how long the decision took.</summary>
    private static async Task<double> Decided(ProcessFleet fleet, FleetTraffic traffic, Func<FleetNode, Task> strike, Func<FleetNode, Task> mend)
    {
        await fleet.Break("v8", 0, Cancel);
        var id = await fleet.Expose(Cancel);
        traffic.Expect(id);
        await fleet.Until(c => c.Rollout(id, Cancel), r => r.Status == "canary", Cancel);
        await traffic.Answers(600);

        var owner = fleet.OwnerOf(id);
        await fleet.Break("v8", 0.5, Cancel);
        var at = DateTimeOffset.UtcNow;
        await strike(owner);
        await fleet.Until(c => c.Rollout(id, Cancel), r => r.Status == "rolled_back", Cancel);
        var timeline = JsonNode.Parse((await fleet.Ask(c => c.Rollout(id, Cancel), Cancel)).Text)!["timeline"]!;
        await mend(owner);
        await fleet.Allow("v8", Cancel);
        return ((DateTimeOffset)timeline["decided"]! - at).TotalSeconds;
    }

    private static Task Do(Action act)
    {
        act();
        return Task.CompletedTask;
    }

    // It finds that the others declared it dead, and ends itself; whoever started it starts it again.
    private static async Task Wake(FleetNode node)
    {
        node.Resume();
        var began = TimeProvider.System.GetTimestamp();
        while (!node.HasExited)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(60), $"{node.Name} was declared dead and lives on.");
            await Task.Delay(100, Cancel);
        }

        await node.Start(Cancel);
    }
}
