using Backstop.Control.Tests.Harness;
using Backstop.Protocol;

namespace Backstop.Control.Tests.Fleet;

public sealed class FleetStreamTests
{
    private const string Alias = "assistant:prod";
    private static readonly Uri Nowhere = new("http://127.0.0.1:9");

    [Fact]
    public async Task A_gateway_gets_what_it_lacks_and_the_end_of_the_snapshot()
    {
        await using var server = await Prepared();
        await server.CreateAlias("ranker:prod", "v7");
        await using var gateway = await FleetGateway.Connect(server, applied: new Applied { Alias = Alias, Epoch = 1, Generation = 1 });
        var end = (await Eventually.Is(() => Task.FromResult(gateway.Received.FirstOrDefault(m => m.SnapshotEnd is not null)), m => m is not null))!;
        Assert.Equal([Alias, "ranker:prod"], end.SnapshotEnd.Aliases);
        var routes = gateway.Routes.ToList(); // One that is not acknowledged within a second comes again.
        Assert.Equal(["ranker:prod"], routes.Select(r => r.Route.Alias).Distinct());
        Assert.Equal(["v7"], routes[0].Releases.Select(r => r.Name));
    }

    [Fact]
    public async Task A_swap_reaches_every_gateway_and_its_acknowledgement_is_shown()
    {
        await using var server = await Prepared();
        await using var one = await FleetGateway.Connect(server, "gateway-1");
        await using var two = await FleetGateway.Connect(server, "gateway-2");
        await server.Post($"aliases/{Alias}/swap", new { release = "v8", expected_generation = 1, reason = "test" });
        await Task.WhenAll(one.Reaches(2), two.Reaches(2));
        var alias = await Eventually.Is(
            () => server.Get($"aliases/{Alias}"), a => a["gateways"]!.AsArray().All(g => (long)g!["generation"]! == 2));
        Assert.Equal(2, alias["gateways"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_gateway_that_missed_the_push_gets_it_again()
    {
        await using var server = await Prepared();
        await using var gateway = await FleetGateway.Connect(server, acknowledges: false);
        await gateway.Reaches(1);
        gateway.Acknowledges = true;
        await Eventually.Is(() => server.Get($"aliases/{Alias}"), a => (long)a["gateways"]![0]!["generation"]! == 1);
        Assert.True(gateway.Routes.Count() >= 2);
    }

    [Fact]
    public async Task A_gateway_that_is_told_nothing_else_is_told_again_and_again_that_somebody_lives()
    {
        await using var server = await Prepared();
        await using var gateway = await FleetGateway.Connect(server);
        await gateway.Reaches(1);
        var signs = await Eventually.Is(() => Task.FromResult(gateway.Received.Where(m => m.SignOfLife is not null).ToArray()), s => s.Length >= 3);
        Assert.All(signs, s => Assert.InRange(s.SignOfLife.NextWithinMs, 1u, 1000u));
    }

    [Fact]
    public async Task A_lower_generation_is_never_sent()
    {
        await using var server = await Prepared();
        await using var gateway = await FleetGateway.Connect(server, acknowledges: false);
        for (var generation = 1; generation <= 20; generation++)
        {
            await server.Post($"aliases/{Alias}/swap", new { release = generation % 2 == 0 ? "v7" : "v8", expected_generation = generation, reason = "test" });
        }

        await gateway.Reaches(21);
        var generations = gateway.Routes.Select(r => r.Route.Generation).ToList();
        Assert.Equal(generations.Order(), generations);
    }

    [Fact]
    public async Task A_gateway_that_does_not_read_delays_nobody()
    {
        await using var server = await Prepared(promptLength: 200_000);
        await using var stuck = await FleetGateway.Connect(server, "stuck", reads: false);
        await using var gateway = await FleetGateway.Connect(server, "gateway-1");
        for (var generation = 1; generation <= 20; generation++)
        {
            await server.Post($"aliases/{Alias}/swap", new { release = generation % 2 == 0 ? "v7" : "v8", expected_generation = generation, reason = "test" });
            await gateway.Reaches(generation + 1);
        }
    }

    private static async Task<ControlServer> Prepared(int promptLength = 0)
    {
        var server = await ControlServer.Start();
        foreach (var name in new[] { "v7", "v8" })
        {
            var manifest = new
            {
                prompt = new { system = new string('x', promptLength) },
                serving = new { model = name, replicas = new[] { Nowhere.ToString() } },
            };
            await server.Post("releases", new { name, manifest });
        }

        await server.CreateAlias(Alias, "v7");
        return server;
    }
}
