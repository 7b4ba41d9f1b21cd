using Backstop.Control.Cluster;
using Backstop.Control.Tests.Harness;
using Backstop.Control.Tests.Rollouts;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Backstop.Control.Tests.Cluster;

/// <summary>Several control planes on one PostgreSQL, with real silos and streams: it does not matter who owns an alias and where a gateway is connected.</summary>
public sealed class ClusterTests(PostgresFixture postgres)
{
    private const string Alias = "assistant:prod";
    private static readonly object AtOnce = new { steps = Array.Empty<object>(), bake_ms = 3_600_000, verify_window_ms = 200 };
    private static readonly object OneStep = new { steps = new[] { new { basis_points = 5000, dwell_ms = 3_600_000, min_units = 1000 } }, verify_window_ms = 200 };

    [Fact]
    public async Task A_swap_reaches_every_gateway_and_its_acknowledgements_the_owner_through_whatever_control_plane()
    {
        await using var model = await ModelServer.Start();
        await using var cluster = await Cluster.Start(postgres, 3);
        await cluster.Prepare(model);
        await using var one = await FleetGateway.Connect(cluster[0], "one");
        await using var two = await FleetGateway.Connect(cluster[1], "two");
        await using var three = await FleetGateway.Connect(cluster[2], "three");
        await Task.WhenAll(one.Reaches(1), two.Reaches(1), three.Reaches(1));
        await Eventually.Is(() => cluster[0].Get($"aliases/{Alias}"), alias => alias["gateways"]!.AsArray().Count == 3);

        // Asked at each in turn; owned by one of them.
        two.Acknowledges = false;
        var id = await RolloutTests.Submit(cluster[1], AtOnce);
        await Task.WhenAll(one.Reaches(2), two.Reaches(2), three.Reaches(2));
        await cluster[0].RolloutReaches(id, "promoting");
        await two.Ack(two.Routes.Last());
        await cluster[2].RolloutReaches(id, "baking");
        two.Acknowledges = true;
        await cluster[0].Post($"rollouts/{id}/abort", new { reason = "test" });
        await Task.WhenAll(one.Reaches(3), two.Reaches(3), three.Reaches(3));
        await cluster[1].RolloutReaches(id, "rolled_back");
    }

    [Fact]
    public async Task Batches_of_gateways_at_every_control_plane_are_judged_together_and_each_is_acknowledged()
    {
        await using var model = await ModelServer.Start();
        await using var cluster = await Cluster.Start(postgres, 3);
        await cluster.Prepare(model);
        var gateways = new List<FleetGateway>();
        foreach (var number in Enumerable.Range(0, 3))
        {
            gateways.Add(await FleetGateway.Connect(cluster[number], $"g{number}"));
            await gateways[^1].Reaches(1);
            await gateways[^1].Send(Batches.Of(Alias, generation: 1, arm: 0, correct: 400, toxic: 0));
        }

        await Task.WhenAll(gateways.Select(g => Eventually.Is(
            () => Task.FromResult(g.Received.LastOrDefault(m => m.BatchAck is not null)?.BatchAck.Sequence), s => s == 0)));
        var id = await RolloutTests.Submit(cluster[2], OneStep);
        await Task.WhenAll(gateways.Select(g => g.Reaches(2)));

        // No gateway alone has seen enough.
        foreach (var gateway in gateways)
        {
            await gateway.Send(Batches.Of(Alias, generation: 2, arm: 0, correct: 120, toxic: 0));
            await gateway.Send(Batches.Of(Alias, generation: 2, arm: 1, correct: 80, toxic: 40));
        }

        await cluster[0].RolloutReaches(id, "rolled_back");
        await Task.WhenAll(gateways.Select(g => Eventually.Is(
            () => Task.FromResult(g.Received.LastOrDefault(m => m.BatchAck is not null)?.BatchAck.Sequence), s => s == 2)));
        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_candidate_is_given_its_lease_through_whatever_control_plane()
    {
        await using var model = await ModelServer.Start();
        await using var cluster = await Cluster.Start(postgres, 2);
        await cluster.Prepare(model, leaseMs: 600);
        await using var one = await FleetGateway.Connect(cluster[0], "one");
        await using var two = await FleetGateway.Connect(cluster[1], "two");
        await Task.WhenAll(one.Reaches(1), two.Reaches(1));
        await RolloutTests.Submit(cluster[0], OneStep);
        await Task.WhenAll(((FleetGateway[])[one, two]).Select(g => Eventually.Is(
            () => Task.FromResult(g.Received.Count(m => m.Lease is { Generation: 2 })), leases => leases >= 3)));
    }

    [Fact]
    public async Task A_rollout_goes_on_when_the_control_plane_that_owns_it_stops()
    {
        await using var model = await ModelServer.Start();
        await using var cluster = await Cluster.Start(postgres, 3);
        await cluster.Prepare(model);
        await using var one = await FleetGateway.Connect(cluster[0], "one");
        await one.Reaches(1);
        var id = await RolloutTests.Submit(cluster[0], AtOnce);
        await cluster[0].RolloutReaches(id, "baking");
        one.Acknowledges = false;
        await cluster[0].Post($"rollouts/{id}/abort", new { reason = "test" });
        var owner = await cluster.OwnerOf(Alias);
        await cluster[owner].Stop();

        var (left, other) = cluster.Without(owner);
        await using var again = await FleetGateway.Connect(left, "one", applied: new Backstop.Protocol.Applied { Alias = Alias, Epoch = 1, Generation = 2 });
        await again.Reaches(3);
        await left.RolloutReaches(id, "rolled_back");
        await other.RolloutReaches(id, "rolled_back");
    }

    [Fact]
    public async Task An_alias_made_at_one_control_plane_is_served_by_gateways_of_another_and_a_key_made_at_one_counts_at_all()
    {
        await using var model = await ModelServer.Start();
        await using var cluster = await Cluster.Start(postgres, 2);
        await using var gateway = await FleetGateway.Connect(cluster[1], "one");
        await cluster.Prepare(model);
        await gateway.Reaches(1);
        var admin = await cluster[0].NewKey("ann", ["admin"]);
        await cluster[0].NewKey("shop", ["invoke"], with: admin);
        await Eventually.Is(() => Task.FromResult(gateway.Received.Any(m => m.Access?.Keys.Any(k => k.Name == "shop") == true)), told => told);
    }

    /// <summary>Control planes in this process, each with listeners and a silo of its own.</summary>
    private sealed class Cluster(ControlServer[] servers) : IAsyncDisposable
    {
        private readonly HashSet<ControlServer> _stopped = [];

        public ControlServer this[int number] => servers[number];

        public static async Task<Cluster> Start(PostgresFixture postgres, int count)
        {
            var store = await postgres.NewDatabase();
            return new(await Task.WhenAll(Enumerable.Range(0, count).Select(_ => ControlServer.Start(store: store))));
        }

        public async Task Prepare(ModelServer model, int leaseMs = 10_000)
        {
            await servers[0].Register("v7", model.Address, "seven");
            await servers[0].Register("v8", model.Address, "eight");
            await servers[0].CreateAlias(Alias, "v7", leaseMs);
        }

        public async Task<int> OwnerOf(string alias)
        {
            var management = servers[0].Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
            var grain = servers[0].Services.GetRequiredService<IGrainFactory>().GetGrain<Backstop.Control.Rollouts.IAliasGrain>(alias);
            var at = await management.GetActivationAddress(grain);
            return Array.FindIndex(servers, s => s.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.Equals(at));
        }

        public (ControlServer One, ControlServer Other) Without(int number)
        {
            _stopped.Add(servers[number]);
            var left = servers.Where((_, i) => i != number).ToArray();
            return (left[0], left[^1]);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var server in servers.Where(s => !_stopped.Contains(s)))
            {
                await server.DisposeAsync();
            }
        }
    }
}
