using Backstop.Control.Gates;
using Backstop.Core.Gates;

namespace Backstop.Control.Tests.Gates;

/// <summary>A suite of files, asked of a running model: fresh answers, nothing asked twice, nothing lost.</summary>
public sealed class SuiteRunnerTests
{
    private static readonly Dictionary<(string, int), RunOutcome> Nothing = [];

    private static readonly Suite Sums = SuiteReader.Read(
        """{ "id": "sums", "samples": 2 }""",
        [.. Enumerable.Range(1, 5).Select(i => $$"""{"id":"c{{i}}","prompt":"{{i}} plus {{i}}?","expected":"{{2 * i}}"}""")],
        _ => null);

    [Fact]
    public async Task Every_case_is_asked_afresh_for_each_sample_and_judged_by_its_own_answer()
    {
        await using var model = await ScriptedModel.Start((_, question) => question.StartsWith('3') ? "seven" : $"{2 * int.Parse(question[..1])}");
        using var runner = Runner();

        var cases = await runner.Run(Sums, model.Release("v8"), Nothing, (_, _, _) => { }, TestContext.Current.CancellationToken);

        Assert.Equal([0, 0, 2, 0, 0], cases.Select(c => c.Failures));
        Assert.Equal(10, model.Bodies.Count);
        Assert.All(model.Bodies, body => Assert.Equal("Answer in JSON.", (string?)body["messages"]![0]!["content"]));
    }

    [Fact]
    public async Task A_run_that_is_taken_up_asks_only_what_is_missing_or_had_no_answer()
    {
        await using var model = await ScriptedModel.Start((_, question) => $"{2 * int.Parse(question[..1])}");
        using var runner = Runner();
        var known = Sums.Cases.ToDictionary(c => (c.Id, 0), _ => (RunOutcome)RunOutcome.Passed.Instance);
        known[("c1", 1)] = new RunOutcome.Unknown("timed out");
        var learnt = new List<(string, int)>();

        var cases = await runner.Run(Sums, model.Release("v8"), known, (id, sample, _) =>
        {
            lock (learnt)
            {
                learnt.Add((id, sample));
            }
        }, TestContext.Current.CancellationToken);

        Assert.Equal(["c1", "c2", "c3", "c4", "c5"], learnt.Select(l => l.Item1).Order(StringComparer.Ordinal));
        Assert.All(learnt, l => Assert.Equal(1, l.Item2));
        Assert.Equal(GateVerdict.Passed, Sums.Judge(cases.Aggregate(new RunCounts(0, 0, 0), (a, b) => a + b)));
    }

    [Fact]
    public async Task A_model_that_fails_leaves_the_verdict_open()
    {
        await using var model = await ScriptedModel.Start((n, question) => n % 2 == 0 ? null : $"{2 * int.Parse(question[..1])}");
        using var runner = Runner();

        var all = (await runner.Run(Sums, model.Release("v8"), Nothing, (_, _, _) => { }, TestContext.Current.CancellationToken)).Aggregate(new RunCounts(0, 0, 0), (a, b) => a + b);

        Assert.Equal((0, 5), (all.Failures, all.Errors));
        Assert.Equal(GateVerdict.Inconclusive, Sums.Judge(all));
    }

    private static SuiteRunner Runner() => new(new(Concurrency: 4, PerSecond: null), TimeSpan.FromSeconds(60), new(".", concurrency: 4), TimeProvider.System);
}
