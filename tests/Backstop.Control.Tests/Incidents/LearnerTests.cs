using System.Text.Json;
using Backstop.Control.Gates;
using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Control.Tests.Gates;
using Backstop.Core.Gates;
using Backstop.Core.Incidents;
using Backstop.Core.Registry;
using Backstop.Protocol;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Release = Backstop.Core.Registry.Release;

namespace Backstop.Control.Tests.Incidents;

public sealed class LearnerTests : IAsyncLifetime
{
    private const string Alias = "assistant:prod";
    private static readonly string[] Secrets = ["dana.whitlock7@example.com", "4111111111111111"];

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-learn-").FullName;
    private readonly GateRunner _runner = new();
    private readonly SampleShelf _shelf = new(NullLogger<SampleShelf>.Instance);
    private DurableStore _store = null!;
    private ReleaseStore _releases = null!;
    private IncidentBook _book = null!;
    private GateStore _gates = null!;
    private Learner _learner = null!;

    public async ValueTask InitializeAsync()
    {
        _store = DurableStore.At(new StoreAddress.Sqlite(_directory));
        await _store.Open(TestContext.Current.CancellationToken);
        _releases = new(_store, TimeProvider.System);
        _book = new(_store, _releases, _shelf, new(_store, TimeProvider.System), TimeProvider.System);
        _gates = new(_store, TimeProvider.System);
        var aliases = new AliasStore(_store, TimeProvider.System);
        _learner = new(_book, _gates, new(_store, TimeProvider.System), aliases, _runner, new(_runner, aliases, _releases, TimeProvider.System), new(_book, _runner, _releases), _releases, new(new() { DataDirectory = _directory }), TimeProvider.System);
    }

    public ValueTask DisposeAsync()
    {
        _learner.Dispose();
        _runner.Dispose();
        _store.Dispose();
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_was_learnt_stops_the_bad_release_passes_the_good_one_and_is_written_down()
    {
        await using var bad = await ScriptedModel.Start((n, question) => n % 5 < 2 ? """{"answer": "none"}""" : GateRunnerTests.Right(question));
        await using var good = await ScriptedModel.Start((n, question) => n % 20 == 0 ? "not JSON" : GateRunnerTests.Right(question));
        var incident = await Raise(bad.Release("v8"), good.Release("v7"), blamed: true);

        var learned = Assert.IsType<LearnResult.Learned>(await _learner.Learn(incident, "dana", TestContext.Current.CancellationToken));
        var proof = learned.Gate.Certificate!;
        Assert.True(proof.BlocksBad && proof.PassesGood, $"bad {proof.Bad}, good {proof.Good}, limit {learned.Gate.FailIfMoreThan}");
        Assert.Equal(GateState.Enforcing, learned.Gate.State);
        Assert.InRange(proof.Power, 0.95, 1);
        Assert.InRange(proof.FalseBlock, 0, 0.001);
        Assert.Equal((4, 2, 3), (proof.MoreBad.Length, proof.MoreGood.Length, proof.GoodPasses));
        Assert.Equal([FaultVariants.Half, FaultVariants.Reworded], proof.Variants.Select(v => v.Name));
        Assert.InRange(proof.Variants[0].Bad.Failures, proof.Good.Failures, proof.Bad.Failures);
        Assert.True(proof.Variants[1].Stopped);
        Assert.InRange(learned.Gate.BudgetSeconds, 30, 600);

        var keeper = new Gatekeeper(_gates, new(_store), new(_store, TimeProvider.System), _runner, TimeProvider.System, NullLogger<Gatekeeper>.Instance);
        Assert.Contains(learned.Gate.Id, await keeper.Refusal(Alias, bad.Release("v9"), good.Release("v7"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Null(await keeper.Refusal(Alias, good.Release("v7"), good.Release("v6"), TestContext.Current.CancellationToken));

        foreach (var (state, stops) in ((GateState, bool)[])[(GateState.Quarantined, false), (GateState.Retired, false), (GateState.Enforcing, true)])
        {
            await _gates.Save(learned.Gate with { State = state }, "dana", "doubted");
            Assert.Equal(stops, await keeper.Refusal(Alias, bad.Release("v9"), good.Release("v7"), TestContext.Current.CancellationToken) is not null);
        }

        var files = Path.Combine(_directory, "gates", incident);
        Assert.Equal(["POSTMORTEM.md", "cases.jsonl", "certificate.json", "gate.yaml"], Directory.GetFiles(files).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(learned.Gate.Cases.Length, (await File.ReadAllLinesAsync(Path.Combine(files, "cases.jsonl"), TestContext.Current.CancellationToken)).Length);
        Assert.Equal(learned.Gate.Id, (await _book.Find(incident))!.GateId);

        var again = Assert.IsType<LearnResult.Learned>(await _learner.Learn(incident, "dana", TestContext.Current.CancellationToken));
        Assert.False(again.New);
    }

    [Fact]
    public async Task A_gate_that_the_release_in_service_fails_too_blocks_once_and_is_then_quarantined()
    {
        await using var bad = await ScriptedModel.Start((n, question) => n % 5 < 2 ? """{"answer": "none"}""" : GateRunnerTests.Right(question));
        await using var good = await ScriptedModel.Start((_, question) => GateRunnerTests.Right(question));
        var incident = await Raise(bad.Release("v8"), good.Release("v7"), blamed: true);
        var learned = Assert.IsType<LearnResult.Learned>(await _learner.Learn(incident, "dana", TestContext.Current.CancellationToken));
        var keeper = new Gatekeeper(_gates, new(_store), new(_store, TimeProvider.System), _runner, TimeProvider.System, NullLogger<Gatekeeper>.Instance);

        // What both depend on broke, or the judge did: the release in service answers as badly as the new one.
        Assert.Contains("the gate tells nothing today", await keeper.Refusal(Alias, bad.Release("v9"), bad.Release("v7b"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(GateState.Enforcing, (await _gates.Find(learned.Gate.Id))!.State);
        Assert.Null(await keeper.Refusal(Alias, bad.Release("v10"), bad.Release("v7b"), TestContext.Current.CancellationToken));
        var doubted = (await _gates.Find(learned.Gate.Id))!;
        Assert.Equal((GateState.Quarantined, 2), (doubted.State, doubted.FalseBlocks.Length));
    }

    [Fact]
    public async Task A_gate_stops_at_its_budget_and_is_then_inconclusive()
    {
        await using var bad = await ScriptedModel.Start((n, question) => n % 5 < 2 ? """{"answer": "none"}""" : GateRunnerTests.Right(question));
        await using var good = await ScriptedModel.Start((_, question) => GateRunnerTests.Right(question));
        var incident = await Raise(bad.Release("v8"), good.Release("v7"), blamed: true);
        var learned = Assert.IsType<LearnResult.Learned>(await _learner.Learn(incident, "dana", TestContext.Current.CancellationToken));

        var cut = await _runner.Run(learned.Gate with { BudgetSeconds = 0 }, good.Release("v7"), progress: null, TestContext.Current.CancellationToken);
        Assert.Equal(GateVerdict.Inconclusive, cut.Verdict);
        Assert.Contains("not answered within the budget of 0 s", cut.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prompt")]
    [InlineData("model")]
    public async Task Of_two_parts_that_changed_together_the_replay_names_the_bad_one(string bad)
    {
        // The prompt "loud" spoils answers, or the new model does.
        string Answer(string model, string system, string question) => (bad == "prompt" && system.Contains("loud", StringComparison.Ordinal)) || (bad == "model" && model == "new")
            ? """{"answer": "none"}""" : GateRunnerTests.Right(question);
        await using var old = await ScriptedModel.StartOnBodies((body, question) => Answer("old", SystemOf(body), question));
        await using var fresh = await ScriptedModel.StartOnBodies((body, question) => Answer("new", SystemOf(body), question));
        var incident = await Raise(fresh.Release("v8", "Be loud, in JSON."), old.Release("v7"), blamed: true);

        var (after, why) = await new AblationRunner(_book, _runner, _releases).Run((await _book.Find(incident))!, TestContext.Current.CancellationToken);
        Assert.Null(why);
        Assert.Equal(bad, after!.Diagnosis!.Suspects[0].Kind.ToString().ToLowerInvariant());
        var other = after.Diagnosis.Suspects.SingleOrDefault(s => s.Kind == (bad == "prompt" ? SuspectKind.Model : SuspectKind.Prompt))?.Probability ?? 0;
        Assert.True(after.Diagnosis.Suspects[0].Probability > 3 * other, $"{after.Diagnosis.Suspects[0]} and {other}"); // No arm was measured here, so much else may be at work beside either.
        var readings = after.Ablations.ToDictionary(a => a.Name, a => a.After!.Hits!.Value, StringComparer.Ordinal);
        Assert.Equal(60, readings[$"ablation_{bad}"]);
        Assert.Equal(0, readings.Where(r => r.Key != $"ablation_{bad}").Sum(r => r.Value));
    }

    [Fact]
    public async Task The_matrix_says_which_gate_stops_which_bad_release()
    {
        await using var bad = await ScriptedModel.Start((n, question) => n % 5 < 2 ? """{"answer": "none"}""" : GateRunnerTests.Right(question));
        await using var good = await ScriptedModel.Start((_, question) => GateRunnerTests.Right(question));
        var incident = await Raise(bad.Release("v8"), good.Release("v7"), blamed: true);
        var learned = Assert.IsType<LearnResult.Learned>(await _learner.Learn(incident, "dana", TestContext.Current.CancellationToken));
        await _gates.Save(learned.Gate with { Id = "blind", FailIfMoreThan = learned.Gate.Runs - 1, Certificate = null }, "dana");

        var (matrix, gates, releases) = await new MatrixRunner(_gates, _runner, new(_store, TimeProvider.System), _releases).Run(Alias, TestContext.Current.CancellationToken);
        var view = MatrixView.Of(Alias, matrix, gates, releases, DateTimeOffset.UtcNow.AddYears(1));
        Assert.Equal(["v8"], view.Releases);
        Assert.Equal(["v8"], view.Gates.Single(g => g.Gate == learned.Gate.Id).OnlyBy);
        Assert.Equal("passed", view.Gates.Single(g => g.Gate == "blind").Verdicts["v8"]);
        Assert.Equal(["blind"], view.Dispensable);
        Assert.All(view.Gates, g => Assert.True(g.Overdue));
    }

    [Fact]
    public async Task A_gate_that_stops_a_release_that_served_well_before_is_a_draft()
    {
        await using var bad = await ScriptedModel.Start((n, question) => n % 5 < 2 ? """{"answer": "none"}""" : GateRunnerTests.Right(question));
        await using var good = await ScriptedModel.Start((_, question) => GateRunnerTests.Right(question));
        await using var earlier = await ScriptedModel.Start((n, question) => n % 2 == 0 ? "not JSON" : GateRunnerTests.Right(question));
        var incident = await Raise(bad.Release("v8"), good.Release("v7"), blamed: true);
        await _releases.Register(earlier.Release("v6"), "test");
        var aliases = new AliasStore(_store, TimeProvider.System);
        await aliases.Create(new() { Name = Alias, Current = earlier.Release("v6").Digest, Salt = "salt" }, new("alias_created", "test", "test"));

        var learned = Assert.IsType<LearnResult.Learned>(await _learner.Learn(incident, "dana", TestContext.Current.CancellationToken));
        Assert.False(Assert.Single(learned.Gate.Certificate!.OtherGoods).Passes);
        Assert.Equal(GateState.Draft, learned.Gate.State);
    }

    [Fact]
    public async Task Nothing_is_learnt_from_two_releases_that_are_equally_good()
    {
        await using var one = await ScriptedModel.Start((n, question) => n % 20 == 0 ? "not JSON" : GateRunnerTests.Right(question));
        await using var other = await ScriptedModel.Start((n, question) => n % 20 == 0 ? "not JSON" : GateRunnerTests.Right(question));
        var incident = await Raise(one.Release("v8"), other.Release("v7"), blamed: true);
        var none = Assert.IsType<LearnResult.Impossible>(await _learner.Learn(incident, "dana", TestContext.Current.CancellationToken));
        Assert.Contains("apart", none.Reason, StringComparison.Ordinal);
        Assert.Empty(await _gates.All(Alias));
    }

    [Fact]
    public async Task A_release_that_is_not_to_blame_gets_no_gate()
    {
        await using var model = await ScriptedModel.Start((_, question) => GateRunnerTests.Right(question));
        var incident = await Raise(model.Release("v8"), model.Release("v7"), blamed: false);
        Assert.IsType<LearnResult.Impossible>(await _learner.Learn(incident, "dana", TestContext.Current.CancellationToken));
        Assert.Empty(model.Bodies);
    }

    [Fact]
    public async Task No_personal_data_is_stored_wherever_a_gateway_forgot_to_redact_it()
    {
        await using var bad = await ScriptedModel.Start((n, question) => n % 5 < 2 ? """{"answer": "none"}""" : GateRunnerTests.Right(question));
        await using var good = await ScriptedModel.Start((_, question) => GateRunnerTests.Right(question));
        foreach (var secret in Secrets)
        {
            var text = $"Please write to {secret} today";
            _shelf.Keep(
            [
                Sample(bad.Release("v8"), 100, s => s.Messages = JsonSerializer.Serialize(new[] { new { role = "user", content = text } })),
                Sample(bad.Release("v8"), 101, s => s.Messages = JsonSerializer.Serialize(new[] { new { role = "user", content = "a" }, new { role = "assistant", content = text } })),
                Sample(bad.Release("v8"), 102, s => s.Messages = JsonSerializer.Serialize(new[] { new { role = secret, content = "a" } })),
                Sample(bad.Release("v8"), 103, s => s.Answer = text),
                Sample(bad.Release("v8"), 104, s => s.Expected = text),
                Sample(bad.Release("v8"), 105, s => s.RequestId = secret),
                Sample(bad.Release("v8"), 106, s => s.Outcome = secret),
            ]);
        }

        var incident = await Raise(bad.Release("v8"), good.Release("v7"), blamed: true);
        Assert.IsType<LearnResult.Learned>(await _learner.Learn(incident, "dana", TestContext.Current.CancellationToken));
        Assert.Equal(20, (await _book.Find(incident))!.Samples.Length);

        var stored = await _store.Read(async context => string.Concat(
            (await context.Incidents.Select(i => i.Record).ToListAsync()).Concat(await context.Gates.Select(g => g.Record).ToListAsync())));
        var files = string.Concat(Directory.GetFiles(Path.Combine(_directory, "gates"), "*", SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.NotEmpty(files);
        Assert.All(Secrets, secret => Assert.DoesNotContain(secret, stored + files, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_alarm_about_a_release_adds_to_the_open_incident()
    {
        await using var model = await ScriptedModel.Start((_, question) => GateRunnerTests.Right(question));
        var (bad, good) = (model.Release("v8"), model.Release("v7"));
        var first = await Raise(bad, good, blamed: false);
        Assert.Equal(first, await Raise(bad, good, blamed: true));
        Assert.True((await _book.Find(first))!.Diagnosis!.ReleaseToBlame);
        await _book.Stamp(first, new(Verified: DateTimeOffset.UnixEpoch));
        Assert.NotEqual(first, await Raise(bad, good, blamed: true));
        Assert.Equal(2, (await _book.All(Alias)).Count);
    }

    private async Task<string> Raise(Release bad, Release good, bool blamed)
    {
        await _releases.Register(bad, "test");
        await _releases.Register(good, "test");
        _shelf.Keep(Enumerable.Range(0, 20).Select(i => Sample(bad, i, _ => { })));
        var incident = await _book.Raise(new() { Alias = Alias, Release = bad.Digest, Baseline = good.Digest, Blamed = blamed, Reason = "worse" });
        return incident.Id;
    }

    private static string SystemOf(System.Text.Json.Nodes.JsonNode body) => (string?)body["messages"]![0]!["content"] ?? "";

    private static Sample Sample(Release release, int number, Action<Sample> change)
    {
        var sample = new Sample
        {
            Alias = Alias,
            Release = release.Digest,
            RequestId = $"request-{number}",
            Outcome = "Wrong",
            Messages = JsonSerializer.Serialize(new[] { new { role = "user", content = $"What is {number} plus {number}?" } }),
            Answer = """{"answer": "none"}""",
            Expected = $"{2 * number}",
        };
        change(sample);
        return sample;
    }
}
