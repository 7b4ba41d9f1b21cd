using System.Text.Json.Nodes;

namespace Backstop.EndToEnd.Tests;

/// <summary>The promise, on real processes and real HTTP.</summary>
[Collection<Alone>]
public sealed class DemoTests
{
    [Fact]
    public async Task A_bad_release_is_noticed_taken_back_and_cannot_return()
    {
        var report = await Demo();

        Assert.Equal("v7", (string?)report["active_release"]);
        Assert.True((bool?)report["release_to_blame"]);
        Assert.Equal(("model", "helps"), ((string?)report["suspect"], (string?)report["rollback"]));
        Assert.Equal(0, (int?)report["served_by_bad_after_convergence"]);
        Assert.InRange((int)report["unsafe_delivered"]!, 0, (int)report["unsafe_emitted"]! / 10);
        Assert.InRange((int)report["false_blocks"]!, 0, (int)report["requests"]! / 200);
        Assert.InRange((double)report["detected_to_swapped_ms"]!, 0, 1000);
        Assert.NotNull((string?)report["gate_id"]);
        Assert.True((bool?)report["gate_blocks_bad"]);
        Assert.True((bool?)report["gate_passes_good"]);
        Assert.Contains((string)report["gate_id"]!, (string?)report["second_try"], StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task Without_a_canary_users_receive_at_most_one_in_a_hundred_of_the_unsafe_answers()
    {
        var report = await Demo("--at-once");

        Assert.True((int)report["unsafe_emitted"]! > 50, "Too few unsafe answers to say anything.");
        Assert.True((int)report["unsafe_delivered"]! * 100 <= (int)report["unsafe_emitted"]!, report.ToString());
        Assert.Equal("v7", (string?)report["active_release"]);
    }

    [Fact(Explicit = true)]
    public async Task A_good_release_is_promoted_and_stays()
    {
        var report = await Demo("--good");

        Assert.Equal("v8", (string?)report["active_release"]);
        Assert.Equal("completed", ((string?)report["rollout_status"])?.ToLowerInvariant());
        Assert.Null(report["gate_id"]);
    }

    [Fact(Explicit = true)]
    public async Task A_fault_that_both_releases_share_is_an_incident_that_blames_neither()
    {
        var report = await Demo("--upstream-fault");

        Assert.NotNull((string?)report["incident_id"]);
        Assert.False((bool?)report["release_to_blame"]);
        Assert.DoesNotContain("rolled", (string?)report["rollout_status"], StringComparison.OrdinalIgnoreCase);
        Assert.Equal("v7", (string?)report["active_release"]); // Still a canary: neither promoted nor taken back.
    }

    /// <summary>What breaks outside every release: found, named, not rolled back, contained, learnt, and stopped when it comes again. All three at once, on one server.</summary>
    [Fact]
    public async Task Faults_outside_every_release_are_contained_and_come_again_in_vain()
    {
        var reports = JsonNode.Parse(await Json("--fault", "all"))!.AsArray().Select(r => r!.AsObject()).ToArray();

        Assert.Equal(
            [("features", "data", "empty_features"), ("prompt", "prompt", "prompt_out_of_band"), ("index", "upstream", "stale_index")],
            reports.Select(r => ((string)r["fault"]!, (string)r["suspect"]!, (string)r["cause"]!)));
        Assert.All(reports, ComesAgainInVain);
    }

    private static void ComesAgainInVain(JsonObject report)
    {
        Assert.Equal("does_not_help", (string?)report["rollback"]);
        Assert.True((bool?)report["helped"], report.ToString());
        Assert.Equal("enforcing", (string?)report["monitor_state"]);
        Assert.True((double)report["right_during"]! < (double)report["right_before"]! - 0.2, report.ToString());
        Assert.True((double)report["right_second_time"]! > (double)report["right_before"]! - 0.1, report.ToString());
        Assert.InRange((int)report["second_time_requests"]!, 300, int.MaxValue);
        Assert.Equal(0, (int)report["second_time_reached_model"]!);
        Assert.Equal(1, (int)report["incidents_in_all"]!);
        Assert.EndsWith("v8", (string?)report["active_release"], StringComparison.Ordinal); // Nothing was rolled back.
    }

    private static async Task<JsonObject> Demo(params string[] arguments) =>
        JsonNode.Parse(await Json(arguments))!.AsObject(); // One object and nothing else, or this throws.

    private static async Task<string> Json(params string[] arguments)
    {
        var (code, output, errors) = await Shelled.Run(["demo", "--json", .. arguments]);

        Assert.True(code == 0, $"demo ended with {code}: {errors}");
        return output;
    }
}
