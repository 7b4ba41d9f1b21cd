using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Client;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>The control plane that owns an alias dies at the moment at which a release turns bad.</summary>
[Collection<Alone>]
public sealed class FailoverTests
{
    /// <summary>What <c>bench/failover/run</c> asks for: how often, what befalls the owner, for how many minutes.</summary>
    private const string RoundsVariable = "BACKSTOP_FAILOVER_ROUNDS", HowVariable = "BACKSTOP_FAILOVER_HOW", MinutesVariable = "BACKSTOP_FAILOVER_MINUTES";

    /// <summary>Where it wants the figures, as JSON.</summary>
    private const string OutputVariable = "BACKSTOP_FAILOVER_OUTPUT";

    private const string Alive = "alive", Killed = "killed", Stopped = "stopped", AllKilled = "all-killed";

    // What a candidate may go on for when nobody renews its lease.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rollback_is_decided_though_the_owner_of_the_alias_is_killed_at_the_moment_of_the_regression()
    {
        await using var fleet = await ProcessFleet.Start(controls: 3, gateways: 2, Cancel);
        await using var traffic = new FleetTraffic(fleet, rate: 80);
        await traffic.Settle();
        await Round(fleet, traffic, Killed, answers: 600, share: 0.5);
        await traffic.Check();
    }

    /// <summary>How long it takes with the owner alive, killed and stopped, and with every control plane killed; bench/failover/run, on a quiet machine.</summary>
    [Fact(Explicit = true)]
    public async Task Half_of_the_rollbacks_are_decided_within_three_seconds_of_when_they_would_have_been_and_no_request_meets_a_bad_release_after_its_lease()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable(RoundsVariable) ?? "5", CultureInfo.InvariantCulture);
        var ways = (Environment.GetEnvironmentVariable(HowVariable) ?? $"{Alive},{Killed},{Stopped},{AllKilled}").Split(',');
        await using var fleet = await ProcessFleet.Start(controls: 3, gateways: 4, Cancel);
        await using var traffic = new FleetTraffic(fleet, rate: 100);
        await traffic.Settle();
        var all = new List<Measured>();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var how in ways)
            {
                all.Add(await Round(fleet, traffic, how, answers: 150, share: 1));
                TestContext.Current.SendDiagnosticMessage($"{round + 1}: {all[^1]}");
            }
        }

        await traffic.FailedNobody();
        var summaries = ways.ToDictionary(how => how, how => Summary.Of(how, [.. all.Where(m => m.How == how)]));
        TestContext.Current.SendDiagnosticMessage($"seconds, p50 / p99 / longest\n{string.Join('\n', summaries.Values)}");
        if (Environment.GetEnvironmentVariable(OutputVariable) is { } output)
        {
            await File.WriteAllTextAsync(output, JsonSerializer.Serialize(summaries.Values, ControlClient.Json), Cancel);
        }

        Assert.All(all, m => Assert.True(m.Unsafe.Max() < Lease.TotalSeconds, $"A request met the bad release later than its lease: {m}"));
        if (ways.Contains(Alive))
        {
            Assert.All(ways.Except([AllKilled]), how => Assert.True(summaries[how].Decided.P50 < summaries[Alive].Decided.P50 + 3, how));
        }
    }

    /// <summary>The price of noticing a death within a second would be to bury the living: a busy machine and long pauses must not look like death.</summary>
    [Fact(Explicit = true)]
    public async Task No_control_plane_is_declared_dead_while_every_core_is_busy_and_each_stands_still_for_as_long_as_a_collection_of_garbage()
    {
        var time = TimeSpan.FromMinutes(double.Parse(Environment.GetEnvironmentVariable(MinutesVariable) ?? "3", CultureInfo.InvariantCulture));
        await using var fleet = await ProcessFleet.Start(controls: 3, gateways: 2, Cancel);
        await using var traffic = new FleetTraffic(fleet, rate: 80);
        await traffic.Settle();
        using var over = new CancellationTokenSource(time);
        Thread[] busy = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(() =>
        {
            while (!over.IsCancellationRequested)
            {
                Thread.SpinWait(1000);
            }
        }))];
        Array.ForEach(busy, thread => thread.Start());
        var pauses = await Task.WhenAll(fleet.Controls.Select((control, i) => StandStill(control, new Random(i), over.Token)));
        Array.ForEach(busy, thread => thread.Join());
        TestContext.Current.SendDiagnosticMessage(
            $"{time.TotalMinutes:0.#} minutes, {busy.Length} threads that never rest, {pauses.Sum(p => p.Length)} pauses, mean {pauses.SelectMany(p => p).Average():0} ms, longest {pauses.SelectMany(p => p).Max():0} ms: {fleet.Controls.Count(c => c.HasExited)} declared dead");
        Assert.DoesNotContain(fleet.Controls, c => c.HasExited);
        await traffic.FailedNobody();
    }

    // Every thread of the process stands still at once, as in a blocking collection: 50 to 400 ms, about every second.
    private static async Task<double[]> StandStill(FleetNode control, Random dice, CancellationToken until)
    {
        var pauses = new List<double>();
        while (!until.IsCancellationRequested)
        {
            await Task.Delay(500 + dice.Next(1000), Cancel);
            var began = TimeProvider.System.GetTimestamp();
            control.Pause();
            await Task.Delay(50 + dice.Next(350), Cancel);
            control.Resume();
            pauses.Add(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds);
        }

        return [.. pauses];
    }

    /// <summary>Exposes a good release, lets it turn bad while its owner is struck, and says how long everything took.</summary>
    private static async Task<Measured> Round(ProcessFleet fleet, FleetTraffic traffic, string how, int answers, double share)
    {
        await fleet.Break("v8", 0, Cancel);
        var id = await fleet.Expose(Cancel);
        await fleet.Until(c => c.Rollout(id, Cancel), r => r.Status == "canary", Cancel);
        await traffic.Answers(answers);

        var owner = fleet.OwnerOf(id);
        await fleet.Break("v8", share, Cancel);
        var at = DateTimeOffset.UtcNow;
        await (how switch
        {
            Killed => owner.Kill(),
            Stopped => Task.Run(owner.Pause, Cancel),
            AllKilled => Task.WhenAll(fleet.Controls.Select(c => c.Kill())),
            _ => Task.CompletedTask,
        });
        if (how == AllKilled)
        {
            await Task.Delay(Lease + TimeSpan.FromSeconds(2), Cancel); // Nobody is there to be asked; the leases run out.
            await Task.WhenAll(fleet.Controls.Select(c => c.StartUntilItServes(Cancel)));
        }

        await fleet.Until(c => c.Rollout(id, Cancel), r => r.Status == "rolled_back", Cancel);
        var timeline = JsonNode.Parse((await fleet.Ask(c => c.Rollout(id, Cancel), Cancel)).Text)!["timeline"]!;
        await (how switch
        {
            Killed => owner.StartUntilItServes(Cancel),
            Stopped => Wake(owner),
            _ => Task.CompletedTask,
        });
        await fleet.Allow("v8", Cancel);

        var (decided, converged) = ((DateTimeOffset)timeline["decided"]!, (DateTimeOffset)timeline["converged"]!);
        return new(how, (decided - at).TotalSeconds, (converged - decided).TotalSeconds, [.. traffic.LastOn("v8").Select(last => Math.Max(0, (last - (how == AllKilled ? at : decided)).TotalSeconds))]);
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

        await node.StartUntilItServes(Cancel);
    }

    /// <param name="How">What befell the owner.</param>
    /// <param name="Decided">Seconds from the moment when the release was bad to the decision.</param>
    /// <param name="Converged">Seconds from there until every gateway acknowledged.</param>
    /// <param name="Unsafe">For each gateway, seconds from the decision, or from the death of all control planes, to the last request that met the bad release; 0 for none.</param>
    private sealed record Measured(string How, double Decided, double Converged, double[] Unsafe)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{How}: decided {Decided:0.00} s after the regression, acknowledged by all {Converged:0.000} s later; last request on it {string.Join(", ", Unsafe.Select(u => $"{u:0.000}"))} s after");
    }

    private sealed record Summary(string How, int Rounds, Spread Decided, Spread Converged, Spread Unsafe)
    {
        public static Summary Of(string how, Measured[] all) =>
            new(how, all.Length, Spread.Of(all.Select(m => m.Decided)), Spread.Of(all.Select(m => m.Converged)), Spread.Of(all.SelectMany(m => m.Unsafe)));

        public override string ToString() => $"{How,-10} {Rounds,4} rounds   decided {Decided}   then acknowledged by all {Converged}   last request on it {Unsafe}";
    }

    private sealed record Spread(double P50, double P99, double Longest)
    {
        public static Spread Of(IEnumerable<double> times)
        {
            double[] sorted = [.. times.Order()];
            return new(At(0.5), At(0.99), At(1));

            double At(double share) => Math.Round(sorted[(int)Math.Clamp(Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)], 3);
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{P50:0.000} / {P99:0.000} / {Longest:0.000}");
    }
}
