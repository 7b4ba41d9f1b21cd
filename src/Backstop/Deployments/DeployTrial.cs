using System.Globalization;
using System.Net.Http.Json;
using Backstop.Client;
using Backstop.Demo;
using Backstop.Emulation;

namespace Backstop.Deployments;

/// <summary>One release on its way: it passes its gate, gets its share, regresses by injection, and is taken back by what the system sees.</summary>
internal sealed class DeployTrial(DeployCase story, DeployOptions options, int seed)
{
    private const string Alias = "assistant:prod";
    private const int GateCases = 30;
    private const int GateAllows = 8; // A release that is right 94 times of a hundred fails more of thirty once in ten thousand times.
    private const int Labels = 250;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(25);

    // After the last swap: what is under way or turned away then must be seen, too.
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(1);

    /// <summary>Plays it with processes of its own, all of which are gone when this returns.</summary>
    /// <exception cref="ControlException">Backstop refused a step.</exception>
    public async Task<DeployRun> Run(CancellationToken cancel)
    {
        await using var fleet = await DeployFleet.Start(Alias, options.Rate, seed, cancel);
        using var gateway = new HttpClient { BaseAddress = fleet.Http, Timeout = TimeSpan.FromSeconds(10) };
        await Until(async () => (await gateway.GetStringAsync("v1/models", cancel)).Contains(Alias, StringComparison.Ordinal), cancel);
        var gate = await Gate(fleet.Client, cancel);
        var user = new ChatUser(new(gateway, Alias), seed);
        await using var traffic = Traffic.Start(options.Rate, seed, user.Serve);
        await Until(() => Task.FromResult(traffic.Receipts.Count(r => r.Correct is not null) >= Labels), cancel);

        var id = (await fleet.Client.StartRollout(Alias, Rollout(), cancel)).Body.Id;
        await Reaches(fleet.Client, id, story == DeployCase.Canary ? "canary" : "baking", cancel);
        if (story == DeployCase.PromotedCold)
        {
            await fleet.Cool();
        }

        var injected = DateTimeOffset.UtcNow;
        await Inject(fleet.NewServer, cancel);
        var taken = await Reaches(fleet.Client, id, "rolling_back", cancel);
        if (story == DeployCase.PromotedCold)
        {
            await fleet.Warm(options.ColdLoad, cancel);
        }

        var over = taken.IsOver ? taken : await Reaches(fleet.Client, id, "rolled_back", cancel);
        await Task.Delay(Afterwards, cancel);
        await traffic.Stop();
        return Measure(over, injected, gate, traffic);
    }

    private NewRollout Rollout() => new(DeployFleet.New)
    {
        // A canary that stays until it is taken back, or one that goes on as soon as the rules let it.
        Plan = new PlanRequest([story == DeployCase.Canary ? new(BasisPoints: 500, DwellMs: 600_000, MinUnits: 1_000_000) : new(BasisPoints: 500, DwellMs: 500, MinUnits: 200)])
        {
            HoldbackBasisPoints = 500,
            BakeMs = 3_600_000,
            VerifyWindowMs = 500,
        }.ToJson(),
    };

    private async Task<GateResult> Gate(ControlClient client, CancellationToken cancel)
    {
        var cases = Enumerable.Range(0, GateCases).Select(n => Questions.Next(Dice.For(-seed - 1, n))).Select(q => new NewCase(Prompt: q.Text, Expected: q.Answer));
        var gate = new NewGate("right", Alias, "lab", [.. cases], GateAllows, GoodFailRate: 0.06, BadFailRate: 0.4, DateTimeOffset.UtcNow.AddYears(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        await client.SaveGate(gate.Normalised(), cancel);
        return (await client.RunGate(gate.Id, DeployFleet.New, cancel)).Body;
    }

    private static async Task Inject(Uri server, CancellationToken cancel)
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsJsonAsync(
            new Uri(server, "emulator/profile"), new { toxic_rate = EmulatorProfile.V8.ToxicRate, schema_fail_rate = EmulatorProfile.V8.SchemaFailRate, accuracy = EmulatorProfile.V8.Accuracy }, cancel);
        answer.EnsureSuccessStatusCode();
    }

    private DeployRun Measure(RolloutView over, DateTimeOffset injected, GateResult gate, Traffic traffic)
    {
        var times = over.Timeline ?? throw new InvalidOperationException("A rollout that was taken back has its times.");
        var (decided, converged) = (times.Decided!.Value, times.Converged!.Value);
        var after = traffic.Receipts.Where(r => r.SentAt >= decided).ToList();
        var bad = after.Where(r => r.Release == DeployFleet.New || r is { Status: not 200, Filtered: false }).Select(r => r.SentAt).DefaultIfEmpty(converged).Max();
        var recovered = bad > converged ? bad : converged;
        return new(
            story,
            seed,
            gate.Failures,
            gate.Runs,
            Seconds(decided - injected),
            Seconds((times.Swapped ?? decided) - decided),
            Seconds(converged - decided),
            Seconds(recovered - decided),
            Seconds(recovered - injected),
            traffic.Sent,
            traffic.Receipts.Count(r => r.SentAt >= injected && r.Release == DeployFleet.New),
            after.Count(r => r is { Status: not 200, Filtered: false }) + traffic.TurnedAway,
            after.Count(r => r.SentAt > converged && r.Release == DeployFleet.New),
            over.Status,
            over.Reason ?? "");
    }

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 3);

    private static async Task<RolloutView> Reaches(ControlClient client, string id, string status, CancellationToken cancel)
    {
        while (true)
        {
            var rollout = (await client.Rollout(id, cancel)).Body;
            if (rollout.Status == status || (status == "rolling_back" && rollout.Status is "verifying" or "rolled_back"))
            {
                return rollout;
            }

            // A hold is a doubt on the way to a verdict: it ends by itself.
            if (rollout.IsOver)
            {
                throw new IOException($"the rollout is {rollout.Status} and was to be {status}: {rollout.Reason}");
            }

            await Task.Delay(LookEvery, cancel);
        }
    }

    private static async Task Until(Func<Task<bool>> isSo, CancellationToken cancel)
    {
        while (!await isSo())
        {
            await Task.Delay(LookEvery, cancel);
        }
    }
}
