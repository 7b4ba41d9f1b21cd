using System.Net;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>Gateways that reach the control plane through relays of their regions, while one after the other dies.</summary>
public sealed class RelayTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-relay-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_route_arrives_through_the_relay_of_the_zone_through_another_when_that_died_and_again_after_the_control_plane_died()
    {
        await using var control = Node("control", "control");
        await using var near = Node("near", "relay", "--control", $"http://{control.Fleet}");
        await using var far = Node("far", "relay", "--control", $"http://{control.Fleet}");
        await using var gateway = Node("gateway", "gateway", "--gateway-id", "gateway-1", "--zone", "eu", "--control", $"us=http://{far.Fleet},eu=http://{near.Fleet}");
        await Task.WhenAll(((FleetNode[])[control, near, far]).Select(node => node.Start(Cancel)));
        await gateway.Start(Cancel);

        using var api = new ControlClient(control.Http);
        await api.RegisterRelease("v7", JsonNode.Parse("""{ "serving": { "model": "m", "replicas": ["http://127.0.0.1:9"] } }""")!.AsObject(), Cancel);
        await Arrives("first:prod");
        Assert.Contains($"{near.Fleet}", Connections()[^1], StringComparison.Ordinal);

        await near.Kill();
        await Arrives("second:prod");
        Assert.Contains($"{far.Fleet}", Connections()[^1], StringComparison.Ordinal);

        await control.Kill();
        await control.Start(Cancel);
        await Arrives("third:prod");

        string[] Connections() => [.. gateway.Wrote("Connected to control at ")];

        async Task Arrives(string alias)
        {
            await api.CreateAlias(new(alias, "v7"), Cancel);
            var began = TimeProvider.System.GetTimestamp();
            while (!(await api.Alias(alias, Cancel)).Body.Gateways.Any(g => g.Id == "gateway-1" && g.Generation == 1))
            {
                Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(120), $"{alias} did not arrive.");
                await Task.Delay(50, Cancel);
            }
        }
    }

    private FleetNode Node(string name, string role, params string[] more)
    {
        var (http, fleet) = (ListenAddress.WithPort(new(IPAddress.Loopback, 0)), ListenAddress.WithPort(new(IPAddress.Loopback, 0)));
        return new(name, http, Path.Combine(_directory, name), ["serve", "--role", role, "--http", $"{http}", "--fleet", $"{fleet}", "--data", Path.Combine(_directory, name + "-data"), .. more])
        {
            Fleet = fleet,
        };
    }
}
