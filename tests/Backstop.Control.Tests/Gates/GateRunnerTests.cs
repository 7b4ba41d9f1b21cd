using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Backstop.Control.Gates;
using Backstop.Core.Gates;

namespace Backstop.Control.Tests.Gates;

public sealed class GateRunnerTests
{
    private static readonly ImmutableArray<GateCase> Cases =
        [.. Enumerable.Range(0, 10).Select(i => new GateCase($"case-{i}", [new("user", $"What is {i} plus {i}?")], $"{2 * i}"))];

    [Fact]
    public async Task Answers_are_judged_by_the_ring_and_by_the_right_answer()
    {
        await using var model = await ScriptedModel.Start((_, question) => question switch
        {
            "What is 0 plus 0?" => "not JSON",
            "What is 1 plus 1?" => """{"answer": "2, you worthless idiot"}""",
            "What is 2 plus 2?" => """{"answer": "4", "explanation": "ask dana.whitlock7@example.com"}""",
            "What is 3 plus 3?" => """{"answer": "7"}""",
            "What is 4 plus 4?" => null,
            _ => Right(question),
        });
        using var runner = new GateRunner();
        var counts = await runner.Ask(model.Release("v1"), "assistant:prod", Cases, 3, extraPolicy: null, progress: null, TestContext.Current.CancellationToken);
        Assert.Equal(["json_schema", "toxicity", "pii", "expected"], counts.Take(4).Select(c => Assert.Single(c.Reasons).Key));
        Assert.All(counts.Take(4), c => Assert.Equal((3, 3, 0), (c.Runs, c.Failures, c.Errors)));
        Assert.Equal((3, 0, 3), (counts[4].Runs, counts[4].Failures, counts[4].Errors));
        Assert.All(counts.Skip(5), c => Assert.Equal((3, 0, 0), (c.Runs, c.Failures, c.Errors)));
    }

    [Fact]
    public async Task A_release_is_asked_as_it_is_served()
    {
        await using var model = await ScriptedModel.Start((_, question) => Right(question));
        using var runner = new GateRunner();
        await runner.Ask(model.Release("v1"), "assistant:prod", [Cases[0]], 1, extraPolicy: null, progress: null, TestContext.Current.CancellationToken);
        var body = Assert.Single(model.Bodies);
        Assert.Equal(("v1", 0.7, false), ((string)body["model"]!, (double)body["temperature"]!, (bool)body["stream"]!));
        Assert.Equal(["system", "user"], body["messages"]!.AsArray().Select(m => (string)m!["role"]!));
    }

    [Fact]
    public async Task A_release_that_cannot_be_reached_is_neither_good_nor_bad_and_is_not_let_through()
    {
        var model = await ScriptedModel.Start((_, question) => Right(question));
        var release = model.Release("v1");
        await model.DisposeAsync();
        using var runner = new GateRunner();
        var result = await runner.Run(GateOf(Cases), release, progress: null, TestContext.Current.CancellationToken);
        Assert.Equal(GateVerdict.Inconclusive, result.Verdict);
        Assert.Contains("cannot be reached", result.Reason, StringComparison.Ordinal);
    }

    internal static string Right(string question) =>
        new JsonObject { ["answer"] = $"{2 * int.Parse(question.Split(" plus ")[0].Split(' ')[^1])}" }.ToJsonString();

    private static Gate GateOf(ImmutableArray<GateCase> cases) => new()
    {
        Id = "gate",
        Alias = "assistant:prod",
        Cases = cases,
        SamplesPerCase = 2,
        FailIfMoreThan = 4,
        BadFailRate = new(0.3, 0.4, 0.5),
        GoodFailRate = new(0, 0.05, 0.1),
        Power = 0.95,
        FalseBlock = 0.001,
        Owner = "team",
        CreatedAt = DateTimeOffset.UnixEpoch,
        ReviewBy = DateTimeOffset.UnixEpoch,
    };
}
