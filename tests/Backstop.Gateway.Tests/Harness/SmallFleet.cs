using System.Text.Json.Nodes;
using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>One gateway, a control plane on a script, and the model servers of two releases: v7, trusted, and v8, new.</summary>
internal sealed class SmallFleet : IAsyncDisposable
{
    public const string Alias = "assistant:prod";

    private SmallFleet(ScriptedControl control, ModelServer seven, ModelServer eight, RunningGateway gateway) =>
        (Control, Seven, Eight, Gateway) = (control, seven, eight, gateway);

    public ScriptedControl Control { get; }

    public ModelServer Seven { get; }

    public ModelServer Eight { get; }

    public RunningGateway Gateway { get; }

    /// <summary>Starts everything; the route's shape says who serves. By default v7 alone does.</summary>
    /// <param name="manifest">What the releases' manifests have beside their serving part.</param>
    /// <param name="data">The gateway's folder; one of its own when null.</param>
    /// <param name="time">The gateway's clock; the machine's when null.</param>
    public static async Task<SmallFleet> Start(
        Func<Release, Release, Route>? shape = null, string manifest = "{}", Action<GatewayOptions>? configure = null, string? data = null, TimeProvider? time = null)
    {
        var control = await ScriptedControl.Start();
        var (seven, eight) = (await ModelServer.Start(), await ModelServer.Start());
        var gateway = await RunningGateway.Start(control.Address, configure, data, time);
        var (v7, v8) = (Released("v7", seven, manifest), Released("v8", eight, manifest));
        var fleet = new SmallFleet(control, seven, eight, gateway);
        await control.PublishAndAwait((shape ?? ((old, _) => Plain(old)))(v7, v8), v7, v8);
        return fleet;
    }

    /// <summary>Everybody is served by one release.</summary>
    public static Route Plain(Release release, long generation = 1) =>
        new() { Alias = Alias, Epoch = 1, Generation = generation, Current = release.Digest, Salt = "salt" };

    /// <summary>Everybody is served by one release, under a traffic policy.</summary>
    public static Func<Release, Release, Route> Under(string policy) => (old, _) => Plain(old) with { Traffic = TrafficPolicy.Parse(policy) };

    /// <summary>The new release was promoted and a sliver stays on the old one, which stands in when the new one fails.</summary>
    public static Route Promoted(Release old, Release young) => Plain(young) with { Previous = old.Digest, HoldbackBasisPoints = 1 };

    /// <summary>The new release gets everything it can get as a candidate, and its lease outlasts a test on a slow machine.</summary>
    public static Route Canary(Release old, Release young) => Plain(old) with
    {
        Candidate = young.Digest, CandidateBasisPoints = Route.Whole, CandidateLease = TimeSpan.FromMinutes(10),
    };

    public static Release Released(string name, ModelServer server, string manifest = "{}") => Released(name, [server.Address], manifest);

    /// <summary>A release with these replicas.</summary>
    public static Release Released(string name, Uri[] replicas, string manifest = "{}")
    {
        var content = JsonNode.Parse(manifest)!.AsObject();
        var serving = content["serving"] as JsonObject ?? [];
        (serving["model"], serving["replicas"]) = ("tiny-" + name, new JsonArray([.. replicas.Select(r => JsonValue.Create(r.ToString()))]));
        content["serving"] = serving.DeepClone();
        return Release.Parse(name, content.ToJsonString()) switch
        {
            ReleaseResult.Parsed parsed => parsed.Release,
            ReleaseResult.Invalid invalid => throw new InvalidOperationException(invalid.Error),
            _ => throw new InvalidOperationException("No third case."),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Control.DisposeAsync();
        await Seven.DisposeAsync();
        await Eight.DisposeAsync();
    }
}
