using System.Text.Json.Nodes;
using Backstop.Client;

namespace Backstop.EndToEnd.Tests;

/// <summary><c>backstop probe</c> from a shell: known questions through the gateway, to the release that is served and to the one before it.</summary>
public sealed class ProbeTests(RunningBackstop backstop) : IClassFixture<RunningBackstop>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-probe-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Known_questions_go_the_way_of_users_and_what_they_show_is_told()
    {
        var cancel = TestContext.Current.CancellationToken;
        File.WriteAllText(Path.Combine(_folder, "gate.yaml"), "id: sums\ndecide: { failIfMoreThan: 1, goodFailRate: 0.02, badFailRate: 0.9 }\n");
        Cases("9", "5");

        var (refused, _, why) = await Probe();
        Assert.Equal(2, refused);
        Assert.Contains("testers_choose: true", why, StringComparison.Ordinal);
        await backstop.Control.Shape(RunningBackstop.Alias, new JsonObject { ["testers_choose"] = true }, "probes", cancel);
        var (passed, json, _) = await Probe();
        Cases("9", "1000");
        var (failed, worse, _) = await Probe();

        Assert.Equal((0, 1), (passed, failed));
        Assert.Equal(("v7", 2, 0), Current(json));
        Assert.Equal(("v7", 2, 1), Current(worse));
    }

    private static (string? Release, int Asked, int Failed) Current(string json)
    {
        var round = JsonNode.Parse(json)!;
        return ((string?)round["current_release"], (int)round["current"]!["asked"]!, (int)round["current"]!["failed"]!);
    }

    private void Cases(params string[] expected) => File.WriteAllText(
        Path.Combine(_folder, "cases.jsonl"),
        Case("a", "What is 4 + 5?", expected[0]) + "\n" + Case("b", "What is 2 + 3?", expected[1]) + "\n");

    private static string Case(string id, string question, string answer) => new JsonObject
    {
        ["id"] = id,
        ["prompt"] = question,
        ["checks"] = new JsonArray(new JsonObject { ["use"] = "contains", ["all"] = new JsonArray(answer) }),
    }.ToJsonString();

    private Task<(int Code, string Output, string Errors)> Probe() => Shelled.Run(
        "probe", RunningBackstop.Alias, _folder, "--gateway", backstop.Http.ToString(), "--server", backstop.Http.ToString(), "--every", "0", "--json");
}
