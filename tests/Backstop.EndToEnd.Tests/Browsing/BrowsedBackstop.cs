using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Demo;

namespace Backstop.EndToEnd.Tests.Browsing;

/// <summary>A server with an incident on it, and a browser to look at both.</summary>
public sealed class BrowsedBackstop : IAsyncLifetime
{
    /// <summary>Names as machines make them: longer than a line, and with nothing to break them at.</summary>
    public const string LongAlias = "customer-support-assistant:production_europe_west";
    public const string LongRelease = "v2026.11.28T1012Z_3f9a7c1be55d4bb0a8d1e0f2c9b7a6d5e4f3a2b1";

    private static readonly PlanRequest Slow = new([new(BasisPoints: 500, DwellMs: 3_600_000, MinUnits: 1_000_000)]) { VerifyWindowMs = 100 };

    public RunningBackstop Server { get; } = new();

    public Chromium Browser { get; private set; } = null!;

    /// <summary>The id of an incident that is over.</summary>
    public string Incident { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var cancel = TestContext.Current.CancellationToken;
        var browser = Chromium.Start();
        await Server.InitializeAsync();
        Browser = await browser;
        Incident = await TakenBack(await Canary(LongAlias, LongRelease, cancel), cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (Browser is { } browser)
        {
            await browser.DisposeAsync();
        }

        await Server.DisposeAsync();
    }

    /// <summary>Makes an alias and a release, and exposes one through the other.</summary>
    internal async Task<RolloutView> Canary(string alias, string release, CancellationToken cancel)
    {
        var manifest = DemoManifest.Of("v7", Server.Pool);
        manifest["model"]!["version"] = release;
        manifest["prompt"]!["system"] = "Look things up at https://knowledge.internal.example/support/articles/3f9a7c1be55d4bb0a8d1e0f2c9b7a6d5e4f3a2b1 first.";
        await Server.Control.RegisterRelease(release, manifest, cancel);
        await Server.Control.CreateAlias(new(alias, "v7"), cancel);
        var rollout = (await Server.Control.StartRollout(alias, new(release) { Plan = Slow.ToJson() }, cancel)).Body;
        return await Reaches(rollout.Id, "canary", cancel);
    }

    /// <summary>Takes a release back for good, and returns the id of the incident that it leaves.</summary>
    internal async Task<string> TakenBack(RolloutView rollout, CancellationToken cancel)
    {
        await Server.Control.TripRollout(rollout.Id, "leaked a telephone number of a customer", cancel);
        await Reaches(rollout.Id, "rolled_back", cancel);
        return Assert.Single((await Server.Control.Incidents(rollout.Alias, cancel)).Body).Id;
    }

    private async Task<RolloutView> Reaches(string id, string status, CancellationToken cancel)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var deadline = DateTime.UtcNow.AddSeconds(120); ; await pace.WaitForNextTickAsync(cancel))
        {
            var rollout = (await Server.Control.Rollout(id, cancel)).Body;
            if (rollout.Status == status)
            {
                return rollout;
            }

            Assert.True(DateTime.UtcNow < deadline && !rollout.IsOver, $"{rollout.Status}: {rollout.Reason}");
        }
    }
}
