using System.Net;
using System.Text.Json.Nodes;
using Backstop.Control.Registry;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Evidence;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Tests.Api;

/// <summary>What people write down for an alias: gates, and what evidence is judged by.</summary>
public sealed class DeclaredTests : IAsyncLifetime
{
    private const string Alias = "assistant:prod";
    private ControlServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ControlServer.Start();
        await _server.Register("v7", new("http://127.0.0.1:9"), "m");
        await _server.Register("v8", new("http://127.0.0.1:9"), "n");
        await _server.CreateAlias(Alias, "v7");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_monitor_is_what_the_rollouts_to_come_are_judged_by_unless_they_say_otherwise()
    {
        var (status, alias) = await _server.Post(
            $"aliases/{Alias}/monitor", new { evidence = new { alpha = 0.001, min_units = 77, margins = new { toxic_blocked = 0.0005 } }, reason = "it is read by children" });
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(0.0005, (double)alias["monitor"]!["margins"]!["toxic_blocked"]!);
        Assert.Equal(0.01, (double)alias["monitor"]!["margins"]!["wrong"]!);
        Assert.Equal("monitor_set", (string)(await _server.Get($"aliases/{Alias}/history")).AsArray()[^1]!["kind"]!);

        var first = await Submitted(new { release = "v8" });
        Assert.Equal((0.001, 77L, 0.0005), (first.Alpha, first.MinUnits, first.Margins[(int)Outcome.ToxicBlocked]));
        var own = await Submitted(new { release = "v8", evidence = new { min_units = 5, ceiling_margins = new { error = 0.2 } } });
        Assert.Equal((0.001, 5L, 0.2), (own.Alpha, own.MinUnits, own.CeilingMargins[(int)Outcome.Error]));
    }

    [Fact]
    public async Task Rollouts_share_what_their_alias_may_spend_on_false_rollbacks()
    {
        var (_, alias) = await _server.Post($"aliases/{Alias}/monitor", new { evidence = new { false_rollbacks_per_month = 0.0004 }, reason = "few" });
        Assert.Equal((0.0, 0.0004, 0), Budget(alias));

        // Two comparisons at 1e-4 each are half of what is left. What is rejected before anything was exposed costs nothing.
        Assert.Equal(1e-4, (await Submitted(new { release = "v8" })).Alpha, 1e-12);
        Assert.Equal(1e-4, (await Submitted(new { release = "v8", evidence = new { alpha = 0.1 } })).Alpha, 1e-12);
        Assert.Equal((0.0, 0.0004, 0), Budget(await _server.Get($"aliases/{Alias}")));
        Assert.Contains(
            (await _server.Get($"aliases/{Alias}/history")).AsArray(),
            e => (string)e!["kind"]! == "rollout_submitted" && ((string)e["reason"]!).Contains("instead of 1E-1", StringComparison.Ordinal));
        var (status, refused) = await _server.Post($"aliases/{Alias}/rollouts", new { release = "v8", evidence = new { false_rollbacks_per_month = 1 } });
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("monitor", (string)refused["detail"]!, StringComparison.Ordinal);

        static (double Spent, double PerMonth, int Rollouts) Budget(JsonNode alias) => (
            (double)alias["budget"]!["spent"]!, (double)alias["budget"]!["false_rollbacks_per_month"]!, (int)alias["budget"]!["rollouts"]!);
    }

    [Fact]
    public async Task A_gate_that_is_written_stands_once_and_answers_for_itself()
    {
        var gate = JsonNode.Parse("""
            { "id": "refunds", "alias": "assistant:prod", "owner": "team-refunds", "fail_if_more_than": 1, "good_fail_rate": 0.01, "bad_fail_rate": 0.5,
              "review_by": "2027-06-01T00:00:00Z", "samples": 4, "cases": [ { "id": "a", "messages": [ { "role": "user", "content": "How long?" } ], "expected": "14 days" } ] }
            """)!;
        var (status, made) = await _server.Post("gates", gate);
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal("enforcing", (string)made["state"]!);
        Assert.Equal(1 - (5 / 16.0), (double)made["power"]!, 12); // More than 1 of 4 coins.
        Assert.Equal(HttpStatusCode.OK, (await _server.Post("gates", gate)).Status);
        Assert.Single((await _server.Get("journal")).AsArray(), e => (string?)e!["kind"] == "gate_saved");

        (string Key, JsonNode? Value, string Says)[] wrong =
        [
            ("fail_if_more_than", 4, "is none"), ("good_fail_rate", 0.6, "the smaller"), ("samples", 101, "use 1 to 100"), ("cases", new JsonArray(), "write 1 to"),
            ("alias", "prod", "is not an alias"), ("review_by", "soon", "review_by"), ("owners", "x", "Did you mean 'owner'?"), ("state", "enforced", "state"),
        ];
        foreach (var (key, value, says) in wrong)
        {
            var spoilt = gate.DeepClone();
            spoilt[key] = value;
            var (refused, problem) = await _server.Post("gates", spoilt);
            Assert.Equal(HttpStatusCode.BadRequest, refused);
            Assert.Contains(says, (string)problem["detail"]!, StringComparison.Ordinal);
        }

        await _server.CreateAlias("ranker:prod", "v7");
        gate["alias"] = "ranker:prod";
        Assert.Equal(HttpStatusCode.Conflict, (await _server.Post("gates", gate)).Status);
        var narrow = await _server.NewKey("narrow", ["operate"], [Alias], with: await _server.NewKey("admin", ["admin"]));
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.As(narrow, HttpMethod.Post, "gates", gate)).Status);
    }

    private async Task<EvidencePlan> Submitted(object rollout)
    {
        var (_, submitted) = await _server.Post($"aliases/{Alias}/rollouts", rollout);
        await _server.RolloutReaches((string)submitted["id"]!, "rejected"); // Nothing listens at the replica.
        return (await _server.Services.GetRequiredService<AliasStore>().Rollout((string)submitted["id"]!))!.Evidence;
    }
}
