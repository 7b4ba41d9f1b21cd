using System.Net;
using System.Text.Json.Nodes;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Inputs;
using Backstop.Protocol;
using InputCount = Backstop.Protocol.InputCount;

namespace Backstop.Control.Tests.Incidents;

/// <summary>A fault that no release carries, from the gateway's counts to a monitor that keeps it from coming back.</summary>
public sealed class ContainmentTests : IAsyncLifetime
{
    private const string Alias = "ranker:prod";

    private readonly string _data = Directory.CreateTempSubdirectory("backstop-contain-").FullName;
    private ControlServer _server = null!;
    private FleetGateway _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ControlServer.Start(_data);
        await _server.Register("v7", new("http://127.0.0.1:9"), "good");
        await _server.CreateAlias(Alias, "v7");
        _gateway = await FleetGateway.Connect(_server);
        await _gateway.Reaches(1);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _server.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Nulls_become_an_incident_a_rule_at_the_gateways_and_after_it_helped_a_monitor()
    {
        await _gateway.Send(Counted(secondsAgo: 60, values: 2000, nulls: 4, correct: 400, wrong: 20));
        await _gateway.Send(Counted(secondsAgo: 0, values: 400, nulls: 200, correct: 60, wrong: 60));
        var incident = await TheIncident(i => (string?)i["cause"] == "empty_features");
        var id = (string)incident["id"]!;

        Assert.Contains("feature nulls of age: 0.2 % before, 50 % since", (string)incident["inputs"]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await _server.Post($"incidents/{id}/learn", new { })).Status);

        Assert.Equal(HttpStatusCode.OK, (await _server.Post($"incidents/{id}/mitigate", new { })).Status);
        await _gateway.Reaches(2);
        Assert.Equal(40, (double)JsonNode.Parse(_gateway.Routes.Last().Route.Traffic)!["inputs"]!["features"]!["defaults"]!["age"]!);
        await TheIncident(i => i["timeline"]!["converged"] is not null);

        await Eventually.Is(
            async () =>
            {
                await _gateway.Send(Counted(secondsAgo: 0, values: 40, nulls: 20, correct: 38, wrong: 2, generation: 2));
                return await _server.Get($"incidents/{id}");
            },
            i => (string?)i["status"] == "resolved");
        var (status, monitor) = await _server.Post($"incidents/{id}/learn", new { });

        Assert.Equal((HttpStatusCode.Created, "enforcing"), (status, (string?)monitor["state"]));
        Assert.Equal("learned", (string?)(await _server.Get($"incidents/{id}"))["status"]);
        Assert.Single((await _server.Get("monitors")).AsArray());
        Assert.Equal(
            ["POSTMORTEM.md", "certificate.json", "monitor.yaml"],
            Directory.GetFiles(Path.Combine(_server.Data, "gates", id)).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        // A policy that was written before the rule does not take it away, and the fault that comes again is no incident.
        await _server.Post($"aliases/{Alias}/traffic", new { policy = new { testers_choose = true }, reason = "for testers" });
        Assert.Equal(40, (double)(await _server.Get($"aliases/{Alias}/traffic"))["policy"]!["inputs"]!["features"]!["defaults"]!["age"]!);
        await _gateway.Send(Counted(secondsAgo: 0, values: 400, nulls: 300, correct: 0, wrong: 0, generation: 3));
        Assert.Single((await _server.Get("incidents")).AsArray());
    }

    [Fact]
    public async Task A_monitor_stands_in_the_policy_while_it_enforces_and_is_held_against_what_is_remembered_today()
    {
        await _gateway.Send(Counted(secondsAgo: 60, values: 2000, nulls: 4, correct: 400, wrong: 20));
        await _gateway.Send(Counted(secondsAgo: 0, values: 400, nulls: 200, correct: 60, wrong: 60));
        var id = (string)(await TheIncident(i => (string?)i["cause"] == "empty_features"))["id"]!;
        await _server.Post($"incidents/{id}/mitigate", new { });
        await _gateway.Reaches(2);
        await TheIncident(i => i["timeline"]!["converged"] is not null);
        await Eventually.Is(
            async () =>
            {
                await _gateway.Send(Counted(secondsAgo: 0, values: 40, nulls: 20, correct: 38, wrong: 2, generation: 2));
                return await _server.Get($"incidents/{id}");
            },
            i => (string?)i["status"] == "resolved");
        var monitor = (string)(await _server.Post($"incidents/{id}/learn", new { })).Body["monitor"]!["monitor_id"]!;
        async Task<double?> Default() => (double?)(await _server.Get($"aliases/{Alias}/traffic"))["policy"]!["inputs"]?["features"]?["defaults"]?["age"];
        Assert.Equal(40, await Default());

        var (status, shadow) = await _server.Post($"monitors/{monitor}/state", new { state = "shadow", reason = "the pipeline was rebuilt" });
        Assert.Equal((HttpStatusCode.OK, "shadow", 4, 2000), (status, (string?)shadow["state"], (int)shadow["today"]!["quiet_touched"]!, (int)shadow["today"]!["quiet"]!));
        Assert.Null(await Default());

        await _server.Post($"monitors/{monitor}/state", new { state = "enforcing", reason = "it was not" });
        Assert.Equal(40, await Default());
        await _server.Post($"monitors/{monitor}/state", new { state = "retired", reason = "the feature is gone" });
        Assert.Null(await Default());
        Assert.Equal("retired", (string?)(await _server.Get($"monitors/{monitor}"))["state"]);
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.Post($"monitors/{monitor}/state", new { state = "asleep", reason = "?" })).Status);
        Assert.Contains("the feature is gone", (await _server.Get("journal?limit=100")).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_usual_and_what_was_done_about_a_fault_are_known_after_a_restart()
    {
        await _gateway.Send(Counted(secondsAgo: 60, values: 2000, nulls: 4, correct: 400, wrong: 20));
        await Restart();
        await _gateway.Send(Counted(secondsAgo: 0, values: 400, nulls: 200, correct: 60, wrong: 60));
        var incident = await TheIncident(i => (string?)i["cause"] == "empty_features");
        var id = (string)incident["id"]!;
        Assert.Contains("feature nulls of age: 0.2 % before, 50 % since", (string)incident["inputs"]!, StringComparison.Ordinal);

        await Restart();
        Assert.Equal(HttpStatusCode.OK, (await _server.Post($"incidents/{id}/mitigate", new { })).Status);
        await Restart();
        await _gateway.Reaches(2);
        await Eventually.Is(
            async () =>
            {
                await _gateway.Send(Counted(secondsAgo: 0, values: 40, nulls: 20, correct: 38, wrong: 2, generation: 2));
                return await _server.Get($"incidents/{id}");
            },
            i => (string?)i["status"] == "resolved");
        Assert.Equal("enforcing", (string?)(await _server.Post($"incidents/{id}/learn", new { })).Body["state"]);
    }

    // Only what is durable goes on: batches are acknowledged when they are.
    private async Task Restart()
    {
        await Eventually.Is(() => Task.FromResult(_gateway.Unacknowledged), n => n == 0);
        await _gateway.DisposeAsync();
        await _server.Stop();
        _server = await ControlServer.Start(_data);
        _gateway = await FleetGateway.Connect(_server);
        await _gateway.Reaches(1);
    }

    [Fact]
    public async Task What_a_person_calls_usual_is_usual()
    {
        await _gateway.Send(Counted(secondsAgo: 60, values: 2000, nulls: 4, correct: 400, wrong: 20));
        await _gateway.Send(Counted(secondsAgo: 0, values: 400, nulls: 200, correct: 100, wrong: 5));
        var id = (string)(await TheIncident(_ => true))["id"]!;
        await _server.Post($"incidents/{id}/resolve", new { });

        await _gateway.Send(Counted(secondsAgo: 0, values: 400, nulls: 200, correct: 100, wrong: 5));
        Assert.Equal(HttpStatusCode.Conflict, (await _server.Post($"incidents/{id}/mitigate", new { })).Status);
        Assert.Single((await _server.Get("incidents")).AsArray());
    }

    private Task<JsonNode> TheIncident(Func<JsonNode, bool> isSo) => Eventually.Is<JsonNode>(
        async () => (await _server.Get("incidents")).AsArray() is [{ } only] ? only : JsonValue.Create("none"),
        i => i is JsonObject && isSo(i));

    private static SignalBatch Counted(int secondsAgo, long values, long nulls, long correct, long wrong, long generation = 1)
    {
        var at = DateTimeOffset.UtcNow.AddSeconds(-secondsAgo);
        var batch = Batches.Of(Alias, generation, arm: 0, correct, toxic: 0, at);
        foreach (var cell in batch.Epochs.SelectMany(e => e.Cells))
        {
            cell.Outcomes[1] = wrong;
        }

        var bucket = Core.Inputs.InputCount.BucketOf(at);
        var numbers = values - nulls;
        batch.Inputs.Add(new InputCount { Alias = Alias, Bucket = bucket, Signal = (int)InputSignal.FeatureNulls, What = "age", N = values, Hits = nulls });
        batch.Inputs.Add(new InputCount
        {
            Alias = Alias, Bucket = bucket, Signal = (int)InputSignal.FeatureValues, What = "age", N = numbers, Sum = 40 * numbers, Squares = 1700 * numbers, Most = 60,
        });
        return batch;
    }
}
